import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addRetentionOptions, retentionDoor, type RetentionFlags } from "../connection.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { checkReceipts, receiptLines, type CheckedReceipt } from "./receipts.ts";
import { readStatus, runPurge } from "./retention-answers.ts";
import { purgeTable, statusLines } from "./status-lines.ts";

interface Flags extends RetentionFlags {
  readonly development?: true;
  readonly json?: true;
}

const receiptNotes = `
Receipts are verified from each tenant's root: through the policy and the evidence of the key service to the issuer that
signed. One that isn't verified is named, and the command exits 1. With --retention-url, verifying needs --url as well.`;

const statusNotes = `${receiptNotes}

Examples:
  cloister retention status
  cloister retention status --json`;

const runNotes = `
Purges also run by themselves; this is for not waiting. Keys go first: what a crash leaves can't be read.
${receiptNotes.trimStart()}

Examples:
  cloister retention run
  cloister retention run --data ./.cloister --json`;

/** Adds `cloister retention status` and `run`. */
export function registerRetention(program: Command, terminal: Terminal): void {
  const retention = program
    .command("retention")
    .summary("what is kept until when, and proof of what was destroyed")
    .description("What is kept until when, what is due, and signed receipts of what was destroyed.");
  add(retention, "status", "show what is due, what is kept until when, and the last receipts", statusNotes).action(
    (flags: Flags) => showStatus(flags, terminal),
  );
  add(retention, "run", "destroy now what is due, and show the receipts", runNotes).action((flags: Flags) =>
    run(flags, terminal),
  );
}

function add(retention: Command, name: string, summary: string, notes: string): Command {
  const command = retention
    .command(name)
    .summary(summary)
    .description(`${sentence(summary)}.`);
  return addRetentionOptions(command)
    .option("--development", "with --url: accept simulated evidence")
    .option("--json", "print as JSON")
    .addHelpText("after", notes);
}

async function showStatus(flags: Flags, terminal: Terminal): Promise<void> {
  const status = await readStatus(await retentionDoor(flags));
  const receipts = await checkReceipts(status.receipts, flags);
  if (flags.json === true) printJson(terminal, { ...status, receipts });
  else printLines(terminal, [...statusLines(status), ...receiptLines(receipts)]);
  refuseUnverified(receipts);
}

async function run(flags: Flags, terminal: Terminal): Promise<void> {
  const door = await retentionDoor(flags);
  const purges = await runPurge(door);
  const ids = new Set(purges.map(({ id }) => id));
  const issued = purges.length === 0 ? [] : (await readStatus(door)).receipts.filter(({ jobId }) => ids.has(jobId));
  const receipts = await checkReceipts(issued, flags);
  if (flags.json === true) printJson(terminal, { purges, receipts });
  else if (purges.length === 0) printLines(terminal, ["Nothing is due."]);
  else printLines(terminal, [...purgeTable(purges), ...receiptLines(receipts)]);
  refuseUnverified(receipts);
}

function refuseUnverified(receipts: readonly CheckedReceipt[]): void {
  const unverified = receipts.filter(({ isVerified }) => !isVerified).length;
  if (unverified === 0) return;
  throw new CliError("RECEIPT_UNVERIFIED", `${unverified} of ${receipts.length} receipts could not be verified.`);
}

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}`;
