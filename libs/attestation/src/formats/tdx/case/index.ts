import { AttestationError } from "../../../errors.ts";
import { isTdxFault, type TdxFault } from "../faults.ts";
import { verifyTdxQuote } from "../verify-quote.ts";
import { readTdxCase } from "./input.ts";
import { tdxOutputs } from "./outputs.ts";

/** What comes of a case: what the quote says, or the first check that failed. */
export type TdxCaseOutcome =
  | { readonly accepted: true; readonly outputs: Readonly<Record<string, unknown>> }
  | { readonly accepted: false; readonly fault: TdxFault; readonly message: string };

/**
 * Verifies a quote by the JSON of a case. Bytes after the quote are ignored there, and collateral past its date counts.
 * @throws AttestationError EVIDENCE_MALFORMED if the JSON is not that of a TDX case.
 */
export async function verifyTdxCase(json: unknown): Promise<TdxCaseOutcome> {
  const { quote, collateral, ...verification } = readTdxCase(json);
  try {
    const verified = await verifyTdxQuote(quote, collateral, { ...verification, bytesAfterQuote: "ignored" });
    return { accepted: true, outputs: tdxOutputs(verified) };
  } catch (error) {
    if (!(error instanceof AttestationError) || !isTdxFault(error.fault)) throw error;
    return { accepted: false, fault: error.fault, message: error.message };
  }
}
