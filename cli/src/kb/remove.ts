import type { Command } from "commander";
import { z } from "zod";
import { callDoor } from "../call-door.ts";
import { CliError, Refusal } from "../cli-error.ts";
import { addRetentionOptions, retentionDoor, type RetentionFlags } from "../connection.ts";
import { checkReceipts, receiptLines } from "../retention/receipts.ts";
import { readTenant } from "../tenant/tenant-folder.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { removeJournal } from "./import-journal.ts";
import { forgetKnowledgeBase, importingAlone, readKnowledgeBases } from "./knowledge-bases.ts";

interface Flags extends RetentionFlags {
  readonly tenant: string;
  readonly development?: true;
  readonly json?: true;
}

const notes = `
The key service destroys the knowledge base's secret: from then on nobody can open its documents, passages and vectors,
the operator's copies of them included. Answers that quoted it stay what they are. There is no way back; documents have to
be imported anew. The receipt is verified from the tenant's root. It says "partial" until the leases of the services that
held its keys have lapsed, a minute later. What is left, sealed for ever, is dropped with its bucket.

Examples:
  cloister kb remove default --tenant ./tenant
  cloister kb remove products --tenant ./tenant --json`;

const erased = z.object({ issuedAtMs: z.number(), note: z.string() });

/** Adds `cloister kb remove`. */
export function registerKbRemove(kb: Command, terminal: Terminal): void {
  const command = kb
    .command("remove")
    .summary("erase a knowledge base, and show the receipt")
    .description("Erases a knowledge base by destroying its keys, and shows the signed receipt.")
    .argument("<name>", "as `cloister kb list` shows it")
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made");
  addRetentionOptions(command)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((name: string, flags: Flags) => importingAlone(flags.tenant, () => remove(name, flags, terminal)));
}

async function remove(name: string, flags: Flags, terminal: Terminal): Promise<void> {
  const { tenantId: tenantIdHex } = await readTenant(flags.tenant);
  const known = (await readKnowledgeBases(flags.tenant)).find((one) => one.name === name);
  if (known === undefined) {
    const sentence = `The tenant's folder knows no knowledge base ${name}: see \`cloister kb list --tenant ${flags.tenant}\`.`;
    throw new CliError("KNOWLEDGE_BASE_UNKNOWN", sentence);
  }
  const { conversationId } = known;
  const { issuedAtMs, note } = await callDoor(
    await retentionDoor(flags),
    "Retention",
    { method: "POST", path: "/v1/retention/erase", body: { tenantIdHex, conversationIdHex: conversationId } },
    erased,
  ).catch((error: unknown) => {
    throw isUnknown(error) ? anotherSystems(name) : error;
  });
  const receipts = await checkReceipts([{ jobId: "", tenantIdHex, issuedAtMs, note }], flags);
  // It is erased, whatever becomes of the receipt.
  await removeJournal(flags.tenant, name);
  await forgetKnowledgeBase(flags.tenant, name);
  const [receipt] = receipts.map(({ isVerified, text }) => ({ isVerified, text, note }));
  if (flags.json === true) printJson(terminal, { name, conversationId, receipt });
  else printLines(terminal, [`The knowledge base ${name} is erased.`, ...receiptLines(receipts)]);
  if (receipt?.isVerified !== true) throw new CliError("RECEIPT_UNVERIFIED", "The receipt could not be verified.");
}

function isUnknown(error: unknown): boolean {
  return error instanceof Refusal && error.code === "KEYS_REFUSED" && error.message.includes("CONVERSATION_UNKNOWN");
}

function anotherSystems(name: string): CliError {
  return new CliError(
    "KNOWLEDGE_BASE_UNKNOWN",
    `The running system doesn't know the knowledge base ${name}: it is another system's, so nothing was erased.`,
  );
}
