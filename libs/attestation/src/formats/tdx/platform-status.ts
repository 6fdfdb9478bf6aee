import { equalBytes } from "@noble/curves/utils.js";
import { evaluateTcb } from "./evaluate-tcb.ts";
import { tdxError } from "./faults.ts";
import type { PckPlatform } from "./pck-extensions.ts";
import { checkQeReport } from "./qe-identity.ts";
import type { TdxQuote } from "./quote.ts";
import type { TdxRequirements } from "./requirements.ts";
import { type QvResult, qvResults } from "./tcb-status.ts";
import type { VerifiedCollateral } from "./verify-collateral.ts";

export interface TcbOutcome {
  readonly result: QvResult;
  readonly advisoryIds: readonly string[];
}

/**
 * The platform's status by collateral that is for it, if the requirements accept it.
 * @throws AttestationError with fault PCK_FMSPC_MISMATCH, QE_IDENTITY_MRSIGNER_MISMATCH, QE_IDENTITY_FIELD_MISMATCH,
 * QV_RESULT_TERMINAL_UNSPECIFIED, TCB_REVOKED, QV_RESULT_NOT_ACCEPTED_BY_POLICY.
 */
export function acceptedStatus(
  { report, qeReport }: TdxQuote,
  platform: PckPlatform,
  { tcbInfo, qeIdentity }: VerifiedCollateral,
  { acceptedResults }: TdxRequirements,
): TcbOutcome {
  checkFamily(platform, tcbInfo.fmspc);
  if (!equalBytes(tcbInfo.pceId, platform.pceId)) {
    throw tdxError("QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info is for another PCE than the platform's.");
  }
  checkQeReport(qeReport, qeIdentity);
  const { status, advisoryIds } = evaluateTcb({ report, platform, qeReport }, tcbInfo, qeIdentity);
  const result = qvResults[status];
  if (result === "REVOKED") throw tdxError("TCB_REVOKED", "Intel has revoked the platform's versions.");
  if (!acceptedResults.includes(result)) {
    throw tdxError(
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
      `The platform's status is ${result}, which the policy doesn't accept: update its firmware, or accept the status.`,
    );
  }
  return { result, advisoryIds };
}

/** @throws AttestationError with fault PCK_FMSPC_MISMATCH. */
export function checkFamily(platform: PckPlatform, expected: Uint8Array): void {
  if (!equalBytes(expected, platform.fmspc)) {
    throw tdxError("PCK_FMSPC_MISMATCH", "The platform is of another family than the one expected.");
  }
}
