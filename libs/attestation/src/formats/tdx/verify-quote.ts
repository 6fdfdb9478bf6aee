import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { equalBytes } from "@noble/curves/utils.js";
import {
  type Certificate,
  ecdsaKeyFromPoint,
  isEcdsaSignature,
  publicKeyOf,
  type RevocationList,
} from "../../certificates/index.ts";
import { AttestationError } from "../../errors.ts";
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
  /** Of collateral that was verified. */
  readonly collateral?: CollateralDates;
  /** Where the platform's status was asked for. */
  readonly tcb?: TcbOutcome;
}

export interface CollateralDates {
  /** The lower one of TCB info and QE identity. */
  readonly evaluationDataNumber: number;
  readonly isExpired: boolean;
}

export interface TcbOutcome {
  readonly result: QvResult;
  readonly advisoryIds: readonly string[];
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
  const verified = await collateralOf(collateral, { trust, requirements, nowMs, rootList });
  const tcb = verified && requirements.isTcbEvaluationRequired ? evaluate(quote, chain, verified) : undefined;
  if (tcb) checkResult(tcb, requirements);
  if (verified) checkDates(verified, requirements, nowMs);
  checkGuest(quote, requirements);
  return {
    quote,
    platform: chain.platform,
    ...(verified && { collateral: datesOf(verified, nowMs) }),
    ...(tcb && { tcb }),
  };
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

/** Collateral that nothing is asked of is only worth a mention: undefined if it isn't Intel's. */
async function collateralOf(
  collateral: TdxCollateral,
  by: Omit<TdxVerification, "bytesAfterQuote"> & { readonly rootList: RevocationList },
): Promise<VerifiedCollateral | undefined> {
  const { isTcbEvaluationRequired, minTcbEvaluationDataNumber } = by.requirements;
  const isNeeded = isTcbEvaluationRequired || minTcbEvaluationDataNumber !== undefined;
  try {
    return await verifyCollateral(collateral, by.trust, by.rootList, by.nowMs);
  } catch (error) {
    if (isNeeded || !(error instanceof AttestationError)) throw error;
    return undefined;
  }
}

function evaluate(quote: TdxQuote, chain: PckChain, { tcbInfo, qeIdentity }: VerifiedCollateral): TcbOutcome {
  const { platform } = chain;
  checkFamily(chain, tcbInfo.fmspc);
  if (!equalBytes(tcbInfo.pceId, platform.pceId)) {
    throw tdxError("QV_RESULT_TERMINAL_UNSPECIFIED", "TCB info is for another PCE than the platform's.");
  }
  const { report, qeReport } = quote;
  checkQeReport(qeReport, qeIdentity);
  const { status, advisoryIds } = evaluateTcb({ report, platform, qeReport }, tcbInfo, qeIdentity);
  return { result: qvResults[status], advisoryIds };
}

function checkResult({ result }: TcbOutcome, { acceptedResults }: TdxRequirements): void {
  if (result === "REVOKED") throw tdxError("TCB_REVOKED", "Intel has revoked the platform's versions.");
  if (!acceptedResults.includes(result)) {
    throw tdxError(
      "QV_RESULT_NOT_ACCEPTED_BY_POLICY",
      `The platform's status is ${result}, which the policy doesn't accept: update its firmware, or accept the status.`,
    );
  }
}

function datesOf({ tcbInfo, qeIdentity }: VerifiedCollateral, nowMs: number): CollateralDates {
  return {
    evaluationDataNumber: Math.min(tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber),
    isExpired: nowMs > Math.min(tcbInfo.nextUpdate, qeIdentity.nextUpdate),
  };
}

function checkDates(
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
