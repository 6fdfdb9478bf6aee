import { type CaseOutcome, malformedInput, verifyCase } from "@cloister/attestation/conformance";
import type { Command } from "commander";
import { printJson, type Terminal } from "../terminal.ts";
import { readCase, type ReadCase } from "./read-case.ts";

const notes = `
The input is one JSON object: the evidence, its certificates and collateral, the clock and what is expected of it.
With attestation_doc_b64 it is a report of AMD SEV-SNP, with quote_b64 a quote of Intel TDX, with nitro_document_b64 a
document of AWS Nitro.
The output is one JSON object: {"stage", "accepted", "outputs" or "rejection"}.

Exit codes:
  0   accepted
  1   something else went wrong: one line on standard error
  10  rejected: rejection.code says why
  20  the kind of evidence, or something that it should be checked for, isn't supported
  30  the input is malformed

Examples:
  cloister attest verify --input input.json
  cloister attest verify < input.json
  jq -n --arg d "$(base64 -w0 document.bin)" '{schema_version: "1", nitro_document_b64: $d}' | cloister attest verify
  jq -n --arg r "$(gzip -c report.bin | base64 -w0)" --arg k "$(base64 -w0 vcek.der)" \\
    '{schema_version: "1", attestation_doc_b64: $r, vcek_der_b64: $k}' | cloister attest verify`;

/** Adds `cloister attest verify`. It runs on this machine alone. */
export function registerAttestVerify(attest: Command, terminal: Terminal): void {
  attest
    .command("verify")
    .summary("verify one piece of evidence and print the outcome as JSON")
    .description("Verifies one piece of evidence offline and prints the outcome as JSON.")
    .option("--input <file>", "the input; - is standard input", "-")
    .addHelpText("after", notes)
    .action(async ({ input }: { input: string }) => {
      const { exitCode, output } = await outcomeOf(await readCase(input, terminal));
      printJson(terminal, output);
      terminal.exitCode = exitCode;
    });
}

async function outcomeOf({ text, problem }: ReadCase): Promise<CaseOutcome> {
  if (text === undefined) return malformedInput(problem);
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return malformedInput(
      "The input is no JSON: correct it (jq . FILE says where), or see cloister attest verify --help for what a case is.",
    );
  }
  return verifyCase(input, Date.now());
}
