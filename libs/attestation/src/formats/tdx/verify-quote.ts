import type { RevocationList } from "../../certificates/index.ts";
import { AttestationError } from "../../errors.ts";
import { checkGuest } from "./check-requirements.ts";
import { checkDates, type CollateralDates, datesOf } from "./collateral-dates.ts";
import type { TdxCollateral } from "./collateral.ts";
import { verifyPckChain } from "./pck-chain.ts";
import type { PckPlatform } from "./pck-extensions.ts";
import { acceptedStatus, checkFamily, type TcbOutcome } from "./platform-status.ts";
import { checkSignatures } from "./quote-signatures.ts";
import { type BytesAfterQuote, parseTdxQuote, type TdxQuote } from "./quote.ts";
import type { TdxRequirements } from "./requirements.ts";
import { checkRevocation } from "./revocation.ts";
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
 * @throws AttestationError with the fault of the first check that failed.
 */
export async function verifyTdxQuote(
  bytes: Uint8Array,
  collateral: TdxCollateral,
  { trust, requirements, nowMs, bytesAfterQuote }: TdxVerification,
): Promise<VerifiedTdxQuote> {
  const quote = parseTdxQuote(bytes, bytesAfterQuote);
  const chain = await verifyPckChain(quote.pckChain, trust, nowMs);
  const { platform } = chain;
  const rootList = await checkRevocation(chain, collateral, trust, nowMs);
  await checkSignatures(quote, chain.leaf);
  if (requirements.expected.fmspc) checkFamily(platform, requirements.expected.fmspc);
  const verified = await collateralOf(collateral, { trust, requirements, nowMs, rootList });
  const isStatusAsked = requirements.isTcbEvaluationRequired;
  const tcb = verified && isStatusAsked ? acceptedStatus(quote, platform, verified, requirements) : undefined;
  if (verified) checkDates(verified, requirements, nowMs);
  checkGuest(quote, requirements);
  return {
    quote,
    platform,
    ...(verified && { collateral: datesOf(verified, nowMs) }),
    ...(tcb && { tcb }),
  };
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
