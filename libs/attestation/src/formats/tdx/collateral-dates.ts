import { tdxError } from "./faults.ts";
import type { TdxRequirements } from "./requirements.ts";
import type { VerifiedCollateral } from "./verify-collateral.ts";

export interface CollateralDates {
  /** The lower one of TCB info and QE identity. */
  readonly evaluationDataNumber: number;
  readonly isExpired: boolean;
}

export function datesOf({ tcbInfo, qeIdentity }: VerifiedCollateral, nowMs: number): CollateralDates {
  return {
    evaluationDataNumber: Math.min(tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber),
    isExpired: nowMs > Math.min(tcbInfo.nextUpdate, qeIdentity.nextUpdate),
  };
}

/** @throws AttestationError with fault TCB_EVAL_DATA_NUMBER_TOO_LOW, TCB_INFO_EXPIRED, QE_IDENTITY_EXPIRED. */
export function checkDates(
  collateral: VerifiedCollateral,
  { isExpiredCollateralAccepted, minTcbEvaluationDataNumber = 0 }: TdxRequirements,
  nowMs: number,
): void {
  if (datesOf(collateral, nowMs).evaluationDataNumber < minTcbEvaluationDataNumber) {
    throw tdxError("TCB_EVAL_DATA_NUMBER_TOO_LOW", "The collateral is of before the evaluation that is asked for.");
  }
  if (isExpiredCollateralAccepted) return;
  if (nowMs > collateral.tcbInfo.nextUpdate) throw tdxError("TCB_INFO_EXPIRED", "TCB info is past its next update.");
  if (nowMs > collateral.qeIdentity.nextUpdate) {
    throw tdxError("QE_IDENTITY_EXPIRED", "The QE identity is past its next update.");
  }
}
