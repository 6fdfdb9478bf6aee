import { type CaseOutcome, malformedCase } from "./case-outcome.ts";
import { verifyNitroCase } from "./nitro-case.ts";
import { verifySevCase } from "./sev-case.ts";
import { verifyTdxCase } from "./tdx-case.ts";

const fields = 'a case is one object, as {"schema_version": "1", "nitro_document_b64": "…"}';

/**
 * Verifies one conformance case and finds out from its fields which kind it is: `quote_b64` TDX, `attestation_doc_b64`
 * SEV-SNP, `nitro_document_b64` AWS Nitro. Wrong evidence is an outcome; only faults of this program are thrown.
 * @param nowMs the clock of a case that brings none.
 */
export async function verifyCase(input: unknown, nowMs: number): Promise<CaseOutcome> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return malformedInput(`The input is no JSON object: ${fields}.`);
  }
  if (Object.hasOwn(input, "quote_b64")) {
    return verifyTdxCase(input, nowMs);
  }
  if (Object.hasOwn(input, "attestation_doc_b64")) return verifySevCase(input, nowMs);
  if (Object.hasOwn(input, "nitro_document_b64")) return verifyNitroCase(input, nowMs);
  return malformedInput(`The input has none of attestation_doc_b64, quote_b64 and nitro_document_b64: ${fields}.`);
}

/** The outcome of an input from which no kind of evidence can be found out. */
export function malformedInput(message: string): CaseOutcome {
  return malformedCase("verify-attestation", message);
}
