import type { Command } from "commander";
import { tableLines } from "../table.ts";
import { printJson, printLines, timeText, type Terminal } from "../terminal.ts";
import { readTenant } from "../tenant/tenant-folder.ts";
import { readKnowledgeBases } from "./knowledge-bases.ts";

interface Flags {
  readonly tenant: string;
  readonly json?: true;
}

const notes = `
These are the ones imported from this tenant's folder. It needs no running system.

Examples:
  cloister kb list --tenant ./tenant
  cloister kb list --tenant ./tenant --json`;

/** Adds `cloister kb list`. */
export function registerKbList(kb: Command, terminal: Terminal): void {
  kb.command("list")
    .summary("show the knowledge bases that chats can name")
    .description("Shows the knowledge bases that chats can name.")
    .requiredOption("--tenant <folder>", "folder that `cloister tenant init` made")
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => list(flags, terminal));
}

async function list({ tenant, json }: Flags, terminal: Terminal): Promise<void> {
  await readTenant(tenant);
  const known = (await readKnowledgeBases(tenant)).map(({ name, conversationId, importedAtMs }) => ({
    name,
    conversationId,
    importedAt: timeText(importedAtMs),
  }));
  if (json === true) {
    printJson(terminal, known);
    return;
  }
  if (known.length === 0) {
    printLines(terminal, [`No knowledge base yet: cloister kb import --tenant ${tenant} FILE`]);
    return;
  }
  const rows = known.map(({ name, conversationId, importedAt }) => [name, conversationId, importedAt]);
  printLines(terminal, tableLines(["name", "conversation", "last import"], rows));
}
