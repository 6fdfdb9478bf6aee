import type { Command } from "commander";
import { addOperationsOptions, operationsDoors, type OperationsFlags } from "../connection.ts";
import { printJson, printLines, timeText, type Terminal } from "../terminal.ts";
import { meaningOf, type CodeMeaning } from "./code-meaning.ts";
import { showLetter, type ShownLetter } from "./letters.ts";

interface Flags extends OperationsFlags {
  readonly json?: true;
}

const notes = `
What is shown of the envelope is its public header, which is authenticated and not secret. The text can't be shown: only an
attested service and the readers have keys.

Examples:
  cloister dlq show redaction-3-1042
  cloister dlq show redaction-3-1042 --json`;

/** Adds `cloister dlq show`. */
export function registerDlqShow(group: Command, terminal: Terminal): void {
  const command = group
    .command("show")
    .argument("<id>", "as `cloister dlq list` prints it")
    .summary("show one dead letter, and what its code means")
    .description("Shows one dead letter: the public header of its envelope, and what its code means.");
  addOperationsOptions(command)
    .option("--json", "print as JSON")
    .addHelpText("after", notes)
    .action((id: string, flags: Flags) => show(id, flags, terminal));
}

async function show(id: string, flags: Flags, terminal: Terminal): Promise<void> {
  const letter = await showLetter(await operationsDoors(flags), id);
  const meaning = await meaningOf(letter.code);
  if (flags.json === true) printJson(terminal, { ...letter, meaning: meaning ?? null });
  else printLines(terminal, letterLines(letter, meaning));
}

function letterLines(letter: ShownLetter, meaning: CodeMeaning | undefined): string[] {
  const { id, code, topic, atMs, bytes, keptUntilMs, retryable, envelope } = letter;
  return [
    `${id}  ${code}`,
    ...(meaning === undefined ? [] : [`  ${meaning.title}. ${meaning.remedy}`]),
    "",
    ...fields([
      ["topic", topic],
      ["dead since", timeText(atMs)],
      ["kept until", timeText(keptUntilMs)],
      ["bytes", bytes],
      ["reader told", retryable ? "the same text may be sent again" : "it has failed"],
    ]),
    "",
    ...(envelope === null ? ["No envelope that this version can read."] : fields(Object.entries(readable(envelope)))),
  ];
}

function readable(envelope: NonNullable<ShownLetter["envelope"]>): Record<string, string | number> {
  const { createdAtMs, expiresAtMs, causeId, ...others } = envelope;
  return { ...others, causeId: causeId ?? "none", createdAt: timeText(createdAtMs), expiresAt: timeText(expiresAtMs) };
}

function fields(pairs: readonly (readonly [string, string | number])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}
