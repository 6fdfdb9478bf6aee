import type { AttestationError } from "../../errors.ts";
import { equalBytes, hexToBytes } from "@noble/curves/utils.js";
import { QE_REPORT_BYTES, readQeReport, type QeReport } from "./qe-report.ts";
import { QuoteReader } from "./quote-reader.ts";
import { tdxError } from "./faults.ts";
import { readTdReport, TD_REPORT_10_BYTES, TD_REPORT_15_BYTES, type TdReport } from "./td-report.ts";

/** A TDX quote of version 4 or 5 (Intel TDX DCAP Quoting Library API, appendix 3). Views of the bytes, no copies. */
export interface TdxQuote {
  readonly version: 4 | 5;
  /** 16 bytes. */
  readonly qeVendorId: Uint8Array;
  readonly report: TdReport;
  /** Header and body: what the attestation key signed. */
  readonly signedBytes: Uint8Array;
  /** ECDSA P-256, r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
  /** P-256, x ‖ y, 64 bytes. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: QeReport;
  /** By the PCK, r ‖ s, 64 bytes. */
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthenticationData: Uint8Array;
  /** PEM of the PCK certificate and its issuers, as the quote carries it. */
  readonly pckChain: Uint8Array;
}

/** Quotes end where they say, but tools append what they like. No signature covers it. */
export type BytesAfterQuote = "refused" | "ignored";

const MAX_QUOTE_BYTES = 64 * 1024;
const ECDSA_P256 = 2;
const TEE_TDX = 0x81;
const INTEL_QE_VENDOR = hexToBytes("939a7233f79c4ca9940a0db3957f0607");
const bodyTypes = { sgx: 1, tdx10: 2, tdx15: 3 } as const;
const certification = { pckChain: 5, qeReport: 6 } as const;

/**
 * Parses a quote; nothing of it is proved.
 * @throws AttestationError with fault QUOTE_TRUNCATED if it ends before its lengths say; WRONG_TEE_TYPE, QE_VENDOR_UNKNOWN,
 * ATTESTATION_KEY_TYPE_UNSUPPORTED; QUOTE_FORMAT_UNSUPPORTED for other versions, bodies or certification data, above
 * 64 KiB, or for bytes after its end that are to be refused.
 */
export function parseTdxQuote(bytes: Uint8Array, bytesAfter: BytesAfterQuote): TdxQuote {
  if (bytes.length > MAX_QUOTE_BYTES) throw unsupported("The quote has more than 64 KiB.");
  const fields = new QuoteReader(bytes);
  const { version, qeVendorId } = readHeader(fields);
  const report = readTdReport(version === 4 ? fields.take(TD_REPORT_10_BYTES) : takeBodyOfVersion5(fields));
  const signedBytes = bytes.subarray(0, fields.position);
  const signatureData = readSignatureData(new QuoteReader(fields.take(fields.uint32())));
  if (bytesAfter === "refused") fields.end();
  return { version, qeVendorId, report, signedBytes, ...signatureData };
}

/** The quote without what follows it. @throws AttestationError with fault as `parseTdxQuote`. */
export function withoutBytesAfter(bytes: Uint8Array): Uint8Array {
  const { signedBytes } = parseTdxQuote(bytes, "ignored");
  const fields = new QuoteReader(bytes.subarray(signedBytes.length));
  fields.take(fields.uint32());
  return bytes.subarray(0, signedBytes.length + fields.position);
}

function readHeader(fields: QuoteReader): Pick<TdxQuote, "version" | "qeVendorId"> {
  const version = fields.uint16();
  if (version !== 4 && version !== 5) throw unsupported("The quote is of another version than 4 and 5.");
  const keyType = fields.uint16();
  const teeType = fields.uint32();
  fields.take(4); // version 4: SVNs of QE and PCE, as claimed; version 5: reserved
  const qeVendorId = fields.take(16);
  fields.take(20); // the platform's, opaque
  if (teeType !== TEE_TDX) throw tdxError("WRONG_TEE_TYPE", "The quote is of another TEE than TDX.");
  if (keyType !== ECDSA_P256) {
    throw tdxError("ATTESTATION_KEY_TYPE_UNSUPPORTED", "The quote is signed with another key than ECDSA P-256.");
  }
  if (!equalBytes(qeVendorId, INTEL_QE_VENDOR)) {
    throw tdxError("QE_VENDOR_UNKNOWN", "The quoting enclave is another vendor's than Intel's.");
  }
  return { version, qeVendorId };
}

function takeBodyOfVersion5(fields: QuoteReader): Uint8Array {
  const type = fields.uint16();
  const length = fields.uint32();
  switch (type) {
    case bodyTypes.sgx:
      throw tdxError("WRONG_TEE_TYPE", "The quote's body is an SGX enclave's.");
    case bodyTypes.tdx10:
      return takeExactly(fields, length, TD_REPORT_10_BYTES);
    case bodyTypes.tdx15:
      return takeExactly(fields, length, TD_REPORT_15_BYTES);
    default:
      throw unsupported("The quote's body is of an unknown type.");
  }
}

function takeExactly(fields: QuoteReader, claimed: number, length: number): Uint8Array {
  if (claimed !== length) throw unsupported("The quote's body has another length than its type.");
  return fields.take(length);
}

function readSignatureData(fields: QuoteReader): Omit<TdxQuote, "version" | "qeVendorId" | "report" | "signedBytes"> {
  const signature = fields.take(64);
  const attestationKey = fields.take(64);
  const outer = enterCertification(fields, certification.qeReport);
  fields.end();
  const qeReport = readQeReport(outer.take(QE_REPORT_BYTES));
  const qeReportSignature = outer.take(64);
  const qeAuthenticationData = outer.take(outer.uint16());
  const inner = enterCertification(outer, certification.pckChain);
  outer.end();
  return { signature, attestationKey, qeReport, qeReportSignature, qeAuthenticationData, pckChain: inner.rest() };
}

function enterCertification(fields: QuoteReader, expectedType: number): QuoteReader {
  if (fields.uint16() !== expectedType) {
    throw unsupported("The quote brings another kind of certification than a QE report with a PCK chain.");
  }
  return new QuoteReader(fields.take(fields.uint32()));
}

function unsupported(message: string): AttestationError {
  return tdxError("QUOTE_FORMAT_UNSUPPORTED", message);
}
