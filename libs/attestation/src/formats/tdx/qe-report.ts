import { QuoteReader } from "./quote-reader.ts";

/** The SGX report of the quoting enclave, which made the attestation key: signed by the platform's PCK. */
export interface QeReport {
  /** All 384 bytes: what the PCK signed. */
  readonly bytes: Uint8Array;
  /** 4 bytes. */
  readonly miscSelect: Uint8Array;
  /** 16 bytes. */
  readonly attributes: Uint8Array;
  /** 32 bytes. */
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  /** SHA-256 of the attestation key and the authentication data, then 32 zeros. */
  readonly reportData: Uint8Array;
}

export const QE_REPORT_BYTES = 384;

/** @throws AttestationError with fault QUOTE_TRUNCATED unless there are 384 bytes. */
export function readQeReport(bytes: Uint8Array): QeReport {
  const fields = new QuoteReader(bytes);
  fields.take(16); // CPUSVN: the PCK certificate's counts
  const miscSelect = fields.take(4);
  fields.take(28);
  const attributes = fields.take(16);
  fields.take(32); // MRENCLAVE: each version has another, so the identity names the signer
  fields.take(32);
  const mrSigner = fields.take(32);
  fields.take(96);
  const isvProdId = fields.uint16();
  const isvSvn = fields.uint16();
  fields.take(60);
  return { bytes, miscSelect, attributes, mrSigner, isvProdId, isvSvn, reportData: fields.take(64) };
}
