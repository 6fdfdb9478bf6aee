import { QuoteReader } from "./quote-reader.ts";

/** What the TDX module says about a guest (a trust domain), as the quote carries it. */
export interface TdReport {
  /** Versions of the TDX module (0 and 1) and of the platform's TDX parts, 16 bytes. */
  readonly teeTcbSvn: Uint8Array;
  /** SHA-384 of the TDX module, 48 bytes. */
  readonly mrSeam: Uint8Array;
  /** 48 bytes, zeros for Intel's module. */
  readonly mrSignerSeam: Uint8Array;
  /** 8 bytes, as the two below. */
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  /** What was loaded into the guest before it started: its firmware. 48 bytes, as all that follow but the last. */
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  /** What the guest measured while it started, four of them. */
  readonly rtmrs: readonly Uint8Array[];
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** Of TDX 1.5 alone: the versions that run now, after an update of the module under a living guest. 16 bytes. */
  readonly teeTcbSvn2?: Uint8Array;
  /** Of TDX 1.5 alone, 48 bytes. */
  readonly mrServiceTd?: Uint8Array;
}

export const TD_REPORT_10_BYTES = 584;
export const TD_REPORT_15_BYTES = 648;

const REGISTER_BYTES = 48;

/**
 * The body of a quote: 584 bytes of TDX 1.0, 648 of TDX 1.5 (Intel TDX DCAP Quoting Library API, appendix 3).
 * @throws AttestationError with fault QUOTE_TRUNCATED if it is shorter.
 */
export function readTdReport(bytes: Uint8Array): TdReport {
  const fields = new QuoteReader(bytes);
  const report = {
    teeTcbSvn: fields.take(16),
    mrSeam: fields.take(REGISTER_BYTES),
    mrSignerSeam: fields.take(REGISTER_BYTES),
    seamAttributes: fields.take(8),
    tdAttributes: fields.take(8),
    xfam: fields.take(8),
    mrTd: fields.take(REGISTER_BYTES),
    mrConfigId: fields.take(REGISTER_BYTES),
    mrOwner: fields.take(REGISTER_BYTES),
    mrOwnerConfig: fields.take(REGISTER_BYTES),
    rtmrs: [0, 1, 2, 3].map(() => fields.take(REGISTER_BYTES)),
    reportData: fields.take(64),
  };
  if (fields.isAtEnd) return report;
  return { ...report, teeTcbSvn2: fields.take(16), mrServiceTd: fields.take(REGISTER_BYTES) };
}
