import { InvalidArgumentError, type Command } from "commander";
import { addOperationsOptions, operationsDoors, type OperationsFlags } from "../connection.ts";
import { tableLines } from "../table.ts";
import { printJson, printLines, timeText, type Terminal } from "../terminal.ts";
import { addChoiceOptions, choiceOf, type ChoiceFlags } from "./choice.ts";
import { listLetters, type Letter } from "./letters.ts";

interface Flags extends OperationsFlags, ChoiceFlags {
  readonly limit: number;
  readonly json?: true;
}

const notes = `
A dead letter is a sealed record that a service could not handle. Its reader was told the code. It is kept, still sealed,
until its bucket ends; here are ids, sizes and times, since nobody can read more.

Examples:
  cloister dlq list
  cloister dlq list --service redaction --code KEY_DESTROYED --older-than 2h
  cloister dlq list --tenant ./tenant --json`;

/** Adds `cloister dlq list`. */
export function registerDlqList(group: Command, terminal: Terminal): void {
  const command = group
    .command("list")
    .summary("show what services could not handle")
    .description("Shows the dead letters of the running services: which, since when, and why.");
  addOperationsOptions(addChoiceOptions(command))
    .option("--limit <count>", "show at most so many", countOf, 100)
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((flags: Flags) => list(flags, terminal));
}

async function list(flags: Flags, terminal: Terminal): Promise<void> {
  const { letters, total } = await listLetters(await operationsDoors(flags), await choiceOf(flags), flags.limit);
  if (flags.json === true) {
    printJson(terminal, { total, letters });
    return;
  }
  const more = total > letters.length ? ["", `${letters.length} of ${total}; see more by --limit.`] : [];
  printLines(terminal, total === 0 ? ["No dead letters."] : [...letterTable(letters), ...more]);
}

function letterTable(letters: readonly Letter[]): string[] {
  const rows = letters.map(({ id, code, atMs, bytes, tenantId, retryable, keptUntilMs }) => [
    id,
    code,
    timeText(atMs),
    bytes,
    tenantId ?? "unreadable",
    retryable ? "yes" : "no",
    timeText(keptUntilMs),
  ]);
  return tableLines(["id", "code", "dead since", "bytes", "tenant", "retryable", "kept until"], rows);
}

function countOf(text: string): number {
  if (!/^[1-9]\d{0,5}$/u.test(text)) throw new InvalidArgumentError("Give a number from 1 to 999999.");
  return Number(text);
}
