import { verifyCase } from "@cloister/attestation/conformance";
import { type CaseChange, nowMs, tdxCase } from "@cloister/testing/evidence/tdx";

/** What comes of a case of the made-up platform: `accepted`, a rejection's code, or MALFORMED and UNSUPPORTED. */
export async function outcomeOf(change: CaseChange = {}): Promise<string> {
  const { output } = await verifyCase(tdxCase(change), nowMs);
  return output.rejection?.code ?? "accepted";
}

export async function outputsOf(change: CaseChange = {}): Promise<Readonly<Record<string, unknown>>> {
  const { output } = await verifyCase(tdxCase(change), nowMs);
  if (!output.outputs) throw new Error(`rejected: ${output.rejection?.code ?? ""}`);
  return output.outputs;
}
