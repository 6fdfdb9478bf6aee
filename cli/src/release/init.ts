import { randomBytes } from "node:crypto";
import { shortName } from "@cloister/policy/fields";
import { InvalidArgumentError, type Command } from "commander";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { makeReleaseSigner, publicFileOf } from "./release-key-file.ts";

interface Flags {
  readonly out: string;
  readonly name: string;
  readonly json?: true;
}

const notes = `
The file (0600) holds a seed of 32 bytes as hex: whoever has it says which programs may run as the roles that a tenant's
policy names it for. Keep it where releases are signed, away from whoever runs them. Beside it lies FILE.public.json, which
goes into "releaseSigners" of a tenant's policy as it is.

Examples:
  cloister release init --out release.key --name release-team
  cat release.key.public.json`;

/** Adds `cloister release init`. It needs no running system. */
export function registerReleaseInit(release: Command, terminal: Terminal): void {
  release
    .command("init")
    .summary("make a release signer's key, and the public part for policies")
    .description("Makes a release signer's private key and, beside it, the public part for tenants' policies.")
    .requiredOption("--out <file>", "file to make the private key in")
    .requiredOption("--name <name>", "what policies call the signer", signerName)
    .option("--json", "print the public part as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => init(flags, terminal));
}

async function init({ out, name, json }: Flags, terminal: Terminal): Promise<void> {
  const signer = await makeReleaseSigner(out, name, randomBytes);
  if (json === true) {
    printJson(terminal, signer);
    return;
  }
  printLines(terminal, [
    `Release signer ${name}, key ${signer.publicKey}.`,
    "",
    `  ${out}  signs releases; for whoever releases alone`,
    `  ${publicFileOf(out)}  for "releaseSigners" of a policy`,
    "",
    `Next: cloister release sign --key ${out} --help`,
  ]);
}

/** As a policy takes it: better to hear of it here than when the policy is signed. */
function signerName(text: string): string {
  if (shortName.safeParse(text).success) return text;
  throw new InvalidArgumentError("Letters, digits, dots, dashes and underscores, up to 64.");
}
