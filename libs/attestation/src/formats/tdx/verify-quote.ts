import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { equalBytes } from "@noble/curves/utils.js";
import { type Certificate, ecdsaKeyFromPoint, isEcdsaSignature, publicKeyOf } from "../../certificates/index.ts";
import { checkGuest } from "./check-requirements.ts";
import type { TdxCollateral } from "./collateral.ts";
import { evaluateTcb } from "./evaluate-tcb.ts";
import { type PckChain, verifyPckChain } from "./pck-chain.ts";
import { checkQeReport } from "./qe-identity.ts";
import type { PckPlatform } from "./pck-extensions.ts";
import { parseTdxQuote, type BytesAfterQuote, type TdxQuote } from "./quote.ts";
import { tdxError } from "./faults.ts";
import type { TdxRequirements } from "./requirements.ts";
import { checkRevocation } from "./revocation.ts";
import { qvResults, type QvResult } from "./tcb-status.ts";
import type { TdxTrust } from "./trust.ts";
import { verifyCollateral, type VerifiedCollateral } from "./verify-collateral.ts";

/** A quote that genuine hardware made, on a platform that meets the requirements. */
export interface VerifiedTdxQuote {
  readonly quote: TdxQuote;
  readonly platform: PckPlatform;
  /** Of quotes whose TCB was evaluated. */
  readonly tcb?: TcbOutcome;
}

export interface TcbOutcome {
  readonly result: QvResult;
  readonly advisoryIds: readonly string[];
  /** The lower one of TCB info and QE identity. */
  readonly evaluationDataNumber: number;
  readonly isCollateralExpired: boolean;
}

export interface TdxVerification {
  readonly trust: TdxTrust;
  readonly requirements: TdxRequirements;
  readonly nowMs: number;
  readonly bytesAfterQuote: BytesAfterQuote;
}

/**
 * Verifies a quote: the PCK chain up to the root and its revocation, the quoting enclave's report by the PCK, the
 * attestation key by that report, header and body by the attestation key, the platform's status by Intel's signed lists,
 * and the guest by the requirements.
 * @throws AttestationError with fault with the code of the first check that failed.
 */
export async function verifyTdxQuote(
  bytes: Uint8Array,
  collateral: TdxCollateral,
  { trust, requirements, nowMs, bytesAfterQuote }: TdxVerification,
): Promise<VerifiedTdxQuote> {
  const quote = parseTdxQuote(bytes, bytesAfterQuote);
  const chain = await verifyPckChain(quote.pckChain, trust, nowMs);
  const rootList = await checkRevocation(chain, collateral, trust, nowMs);
  await checkSignatures(quote, chain.leaf);
  checkFamily(chain, requirements.expected.fmspc);
  const { platform } = chain;
  if (!requirements.isTcbEvaluationRequired) {
    checkGuest(quote, requirements);
    return { quote, platform };
  }
  const verified = await verifyCollateral(collateral, trust, rootList, nowMs);
  const tcb = evaluate(quote, chain, verified, nowMs);
  checkTcb(tcb, verified, requirements, nowMs);
  checkGuest(quote, requirements);
  return { quote, platform, tcb };
}

async function checkSignatures(quote: TdxQuote, leaf: Certificate): Promise<void> {
  const pck = await publicKeyOf(leaf);
  const { qeReport, attestationKey, signature } = quote;
  if (!pck || !(await isEcdsaSignature(pck, "SHA-256", quote.qeReportSignature, qeReport.bytes))) {
    throw tdxError("QE_REPORT_SIGNATURE_INVALID", "The quoting enclave's report isn't signed by the platform.");
  }
  const bound = new Uint8Array(64);
  bound.set(sha256(concatBytes(attestationKey, quote.qeAuthenticationData)));
  if (!equalBytes(bound, qeReport.reportData)) {
    throw tdxError("AK_BINDING_INVALID", "The quoting enclave didn't make the key that signs the quote.");
  }
  const key = await ecdsaKeyFromPoint("P-256", attestationKey);
  if (!key) throw tdxError("AK_MISMATCH", "The key that signs the quote is no point of P-256.");
  if (!(await isEcdsaSignature(key, "SHA-256", signature, quote.signedBytes))) {
    throw tdxError("QUOTE_SIGNATURE_INVALID", "The quote was changed after the hardware signed it.");
  }
}

function checkFamily({ platform }: PckChain, expected: Uint8Array | undefined): void {
  if (expected && !equalBytes(expected, platform.fmspc)) {
    throw tdxError("PCK_FMSPC_MISMATCH", "The platform is of another family than the one expected.");
  }
}

function evaluate(quote: TdxQuote, chain: PckChain, collateral: VerifiedCollateral, nowMs: number): TcbOutcome {
  const { tcbInfo, qeIdentity } = collateral;
  const { platform } = chain;
  checkFamily(chain, tcbInfo.fmspc);
  if (!equalBytes(tcbInfo.pceId, platform.pceId)) {
    throw tdxError("QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info is for another PCE than the platform's.");
  }
  const { report, qeReport } = quote;
  checkQeReport(qeReport, qeIdentity);
  const { status, advisoryIds } = evaluateTcb({ report, platform, qeReport }, tcbInfo, qeIdentity);
  return {
    result: qvResults[status],
    advisoryIds,
    evaluationDataNumber: Math.min(tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber),
    isCollateralExpired: nowMs > Math.min(tcbInfo.nextUpdate, qeIdentity.nextUpdate),
  };
}

function checkTcb(
  { result, evaluationDataNumber }: TcbOutcome,
  { tcbInfo, qeIdentity }: VerifiedCollateral,
  { acceptedResults, isExpiredCollateralAccepted, minTcbEvaluationDataNumber = 0 }: TdxRequirements,
  nowMs: number,
): void {
  if (result === "REVOKED") throw tdxError("TCB_REVOKED", "Intel has revoked the platform's versions.");
  if (!acceptedResults.includes(result)) {
    throw tdxError(
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
      `The platform's status is ${result}, which the policy doesn't accept: update its firmware, or accept the status.`,
    );
  }
  if (evaluationDataNumber < minTcbEvaluationDataNumber) {
    throw tdxError("TCB_EVAL_DATA_NUMBER_TOO_LOW", "The collateral is of before the evaluation that is asked for.");
  }
  if (isExpiredCollateralAccepted) return;
  if (nowMs > tcbInfo.nextUpdate) throw tdxError("TCB_INFO_EXPIRED", "TCB info is past its next update.");
  if (nowMs > qeIdentity.nextUpdate) {
    throw tdxError("QE_IDENTITY_EXPIRED", "The QE identity is past its next update.");
  }
}
