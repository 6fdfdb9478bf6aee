import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { makeRecipient, publicFileOf } from "./recipient-file.ts";

interface Flags {
  readonly out: string;
  readonly name: string;
  readonly map?: true;
  readonly json?: true;
}

const notes = `
The file (0600) holds a seed of 32 bytes as hex: whoever has it reads every reply that is sealed to it, so it belongs to
the support tool alone. Beside it lies FILE.public.json, which whoever has the tenant's root key signs into the policy:
from then on the replies of conversations are sealed to it too. --map asks for the names behind the placeholders as well.

Examples:
  cloister recipient init --out support.key --name support-desk
  cloister policy sign --tenant ./tenant --development --recipient support.key.public.json
  cloister replies --tenant ./tenant --key support.key --follow 4be1f0c2a95d4c0f8b7a6d5e4c3b2a19`;

/** Adds `cloister recipient init`. It needs no running system. */
export function registerRecipient(program: Command, terminal: Terminal): void {
  const recipient = program
    .command("recipient")
    .summary("readers beside the client, such as a support tool")
    .description("Readers beside the client, such as a support tool.");
  recipient
    .command("init")
    .summary("make a recipient's key, and the public part for the policy")
    .description("Makes a recipient's private key and, beside it, the public part for the tenant's policy.")
    .requiredOption("--out <file>", "file to make the private key in")
    .requiredOption("--name <name>", "what the policy calls the recipient")
    .option("--map", "ask for the names behind placeholders, too")
    .option("--json", "print the public part as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => init(flags, terminal));
}

async function init({ out, name, map, json }: Flags, terminal: Terminal): Promise<void> {
  const recipient = await makeRecipient(out, { name, map: map === true }, randomBytes);
  if (json === true) {
    printJson(terminal, recipient);
    return;
  }
  printLines(terminal, [
    `Recipient ${name}, ${recipient.map ? "with" : "without"} the names behind placeholders.`,
    "",
    `  ${out}  opens the replies; for the tool alone`,
    `  ${publicFileOf(out)}  for the policy`,
    "",
    `Next: cloister policy sign --tenant ./tenant --recipient ${publicFileOf(out)} --development`,
  ]);
}
