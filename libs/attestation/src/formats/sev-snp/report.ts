import { isAllZero } from "./zeros.ts";
import { snpError } from "./faults.ts";

export const SNP_REPORT_BYTES = 1184;
const SIGNED_BYTES = 0x2a0;
/** A number of a signature has 72 bytes, least significant first, of which P-384 uses 48. */
const SCALAR_BYTES = 72;
const P384_BYTES = 48;
const ECDSA_P384_SHA384 = 1;
const versions: ReadonlySet<number> = new Set([2, 3, 5]);

/** A report of AMD's SEV-SNP firmware ABI (56860), ATTESTATION_REPORT, as it is written: nothing in it is checked yet. */
export interface SnpReport {
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: bigint;
  /** 16 bytes each. */
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  readonly vmpl: number;
  readonly signatureAlgorithm: number;
  /** TCB versions: 8 bytes each, least significant first; `readTcb` knows their parts. */
  readonly currentTcb: Uint8Array;
  readonly reportedTcb: Uint8Array;
  readonly committedTcb: Uint8Array;
  readonly launchTcb: Uint8Array;
  readonly platformInfo: bigint;
  readonly signerInfo: number;
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** 48 bytes. */
  readonly measurement: Uint8Array;
  /** 32 bytes. */
  readonly hostData: Uint8Array;
  /** 48 bytes each. */
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  /** 32 bytes each. */
  readonly reportId: Uint8Array;
  readonly reportIdMa: Uint8Array;
  /** 64 bytes. */
  readonly chipId: Uint8Array;
  /** What the signature covers, and r ‖ s, 96 bytes, most significant first. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * @throws AttestationError with the fault REPORT_TRUNCATED below 1,184 bytes; WRONG_REPORT_VERSION unless 2, 3 or 5;
 * REPORT_FORMAT_UNSUPPORTED if longer or signed by another algorithm; REPORT_SIGNATURE_INVALID if its signature has bytes
 * that no signature has.
 */
export function parseSnpReport(report: Uint8Array): SnpReport {
  if (report.length < SNP_REPORT_BYTES) throw snpError("REPORT_TRUNCATED", "The report ends too early.");
  if (report.length > SNP_REPORT_BYTES) throw snpError("REPORT_FORMAT_UNSUPPORTED", "Bytes follow the report.");
  const bytes = report.slice();
  const view = new DataView(bytes.buffer);
  const version = view.getUint32(0, true);
  if (!versions.has(version)) {
    throw snpError("WRONG_REPORT_VERSION", `The report has version ${String(version)}; known are 2, 3 and 5.`);
  }
  const field = (at: number, length: number): Uint8Array => bytes.subarray(at, at + length);
  const signatureAlgorithm = view.getUint32(0x34, true);
  if (signatureAlgorithm !== ECDSA_P384_SHA384) {
    throw snpError("REPORT_FORMAT_UNSUPPORTED", "The report is signed by another algorithm than ECDSA P-384.");
  }
  return {
    version,
    guestSvn: view.getUint32(0x04, true),
    policy: view.getBigUint64(0x08, true),
    familyId: field(0x10, 16),
    imageId: field(0x20, 16),
    vmpl: view.getUint32(0x30, true),
    signatureAlgorithm,
    currentTcb: field(0x38, 8),
    platformInfo: view.getBigUint64(0x40, true),
    signerInfo: view.getUint32(0x48, true),
    reportData: field(0x50, 64),
    measurement: field(0x90, 48),
    hostData: field(0xc0, 32),
    idKeyDigest: field(0xe0, 48),
    authorKeyDigest: field(0x110, 48),
    reportId: field(0x140, 32),
    reportIdMa: field(0x160, 32),
    reportedTcb: field(0x180, 8),
    chipId: field(0x1a0, 64),
    committedTcb: field(0x1e0, 8),
    launchTcb: field(0x1f0, 8),
    signed: field(0, SIGNED_BYTES),
    signature: readSignature(bytes.subarray(SIGNED_BYTES)),
    bytes,
  };
}

/**
 * A set bit where this build knows none may change what the rest means. Of a report that somebody signed: what was changed
 * on its way is wrong in its signature first.
 * @throws AttestationError with the fault REPORT_FORMAT_UNSUPPORTED if one is set where the version reserves zeros.
 */
export function checkReserved({ bytes, version }: SnpReport): void {
  const reserved: readonly (readonly [number, number])[] = [
    [0x4c, 0x50],
    // Family, model and stepping of the processor since version 3; mitigation vectors since version 5.
    [version >= 3 ? 0x18b : 0x188, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [version >= 5 ? 0x208 : 0x1f8, SIGNED_BYTES],
  ];
  if (!reserved.every(([start, end]) => isAllZero(bytes.subarray(start, end)))) {
    throw snpError("REPORT_FORMAT_UNSUPPORTED", "The report has something where its version reserves zeros.");
  }
}

function readSignature(field: Uint8Array): Uint8Array {
  const [r, s] = [field.subarray(0, SCALAR_BYTES), field.subarray(SCALAR_BYTES, 2 * SCALAR_BYTES)];
  const beyond = [r.subarray(P384_BYTES), s.subarray(P384_BYTES), field.subarray(2 * SCALAR_BYTES)];
  if (!beyond.every(isAllZero)) throw snpError("REPORT_SIGNATURE_INVALID", "The report's signature is none of P-384.");
  return Uint8Array.of(...r.subarray(0, P384_BYTES).toReversed(), ...s.subarray(0, P384_BYTES).toReversed());
}
