import { equalBytes } from "@noble/curves/utils.js";
import { checkSpecDefaults } from "./guest-bits.ts";
import type { TdxQuote } from "./quote.ts";
import { tdxError, type TdxFault } from "./faults.ts";
import type { ExpectedFields, TdxRequirements } from "./requirements.ts";
import type { TdReport } from "./td-report.ts";

const rejectionOf: Readonly<Record<Exclude<keyof ExpectedFields, "fmspc">, TdxFault>> = {
  qeVendorId: "QE_VENDOR_ID_MISMATCH",
  tdAttributes: "TD_ATTRIBUTES_MISMATCH",
  xfam: "XFAM_MISMATCH",
  mrSignerSeam: "MR_SIGNER_SEAM_MISMATCH",
  seamAttributes: "SEAM_ATTRIBUTES_MISMATCH",
  mrTd: "MRTD_MISMATCH",
  mrConfigId: "MR_CONFIG_ID_MISMATCH",
  mrOwner: "MR_OWNER_MISMATCH",
  mrOwnerConfig: "MR_OWNER_CONFIG_MISMATCH",
  rtmr3: "RTMR3_NONZERO",
  reportData: "REPORT_DATA_MISMATCH",
};

/**
 * Compares what the quote says about the guest with what the verifier asks for.
 * @throws AttestationError with the fault of the first field that differs, in the order of `rejectionOf`; those of `checkSpecDefaults`;
 * MR_SEAM_NOT_ALLOWED, TEE_TCB_SVN_BELOW_MINIMUM.
 */
export function checkGuest({ report, qeVendorId }: TdxQuote, requirements: TdxRequirements): void {
  if (requirements.enforcesSpecDefaults) checkSpecDefaults(report);
  const actual = { ...report, qeVendorId, rtmr3: report.rtmrs[3] ?? new Uint8Array() };
  for (const [field, rejection] of fields(rejectionOf)) {
    const expected = requirements.expected[field];
    if (expected && !equalBytes(expected, actual[field])) {
      throw tdxError(rejection, `The quote's ${field} is another than the one expected.`);
    }
  }
  checkModule(report, requirements);
}

function fields<Name extends string, T>(record: Readonly<Record<Name, T>>): readonly (readonly [Name, T])[] {
  // Object.entries types the names of a closed record as any string.
  return Object.entries<T>(record) as [Name, T][];
}

function checkModule(report: TdReport, { allowedMrSeams, minTeeTcbSvn }: TdxRequirements): void {
  if (allowedMrSeams && !allowedMrSeams.some((allowed) => equalBytes(allowed, report.mrSeam))) {
    throw tdxError("MR_SEAM_NOT_ALLOWED", "The TDX module is none of those that are allowed.");
  }
  if (minTeeTcbSvn?.some((minimum, index) => (report.teeTcbSvn[index] ?? 0) < minimum) === true) {
    throw tdxError("TEE_TCB_SVN_BELOW_MINIMUM", "A TDX part of the platform is older than the minimum.");
  }
}
