import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addOperationsOptions, operationsDoors, type Door, type OperationsFlags } from "../connection.ts";
import { confirmed } from "../policy/confirm.ts";
import { isInteractive, printJson, printLines, type Terminal } from "../terminal.ts";
import { addChoiceOptions, choiceOf, isChoice, type ChoiceFlags } from "./choice.ts";
import { listLetters, order, type OrderResult } from "./letters.ts";

interface Flags extends OperationsFlags, ChoiceFlags {
  readonly all?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** What makes redriving and dropping differ. */
interface Verb {
  readonly name: "redrive" | "drop";
  readonly summary: string;
  readonly description: string;
  readonly notes: string;
  /** Said before it is confirmed. */
  readonly consequence: string;
  readonly past: string;
  /** Whether ids that were named are confirmed, too. */
  readonly confirmsIds: boolean;
}

const MOST = 100_000;

const redrive: Verb = {
  name: "redrive",
  summary: "have dead letters handled once more",
  description: "Produces dead letters again, at the end of their topics, when what was wrong with them is mended.",
  notes: `
A message is answered at most once, however often it is redriven. What is still wrong makes a new dead letter of it, and its
reader is not told twice. It comes after what its conversation sent meanwhile.

Examples:
  cloister dlq redrive redaction-3-1042
  cloister dlq redrive --service enclave-inference --code MODEL_TIMEOUT
  cloister dlq redrive --all --older-than 1h --yes --json`,
  consequence: "Their readers may still get the answers.",
  past: "produced again",
  confirmsIds: false,
};

const drop: Verb = {
  name: "drop",
  summary: "delete dead letters for good",
  description: "Deletes dead letters. They would end with their buckets anyway.",
  notes: `
The readers of these messages were told that they failed; that stays so, nothing more is told, and no answer can come any
more. What was sent must be sent again as a new message.

Examples:
  cloister dlq drop redaction-3-1042
  cloister dlq drop --tenant ./tenant --code SIGNATURE_INVALID --yes`,
  consequence: "Their messages can't be answered any more, and their readers are told nothing more.",
  past: "dropped",
  confirmsIds: true,
};

/** Adds `cloister dlq redrive` and `drop`. */
export function registerDlqOrders(group: Command, terminal: Terminal): void {
  for (const verb of [redrive, drop]) {
    const command = group
      .command(verb.name)
      .argument("[ids...]", "as `cloister dlq list` prints them; or choose by the options")
      .summary(verb.summary)
      .description(verb.description);
    addOperationsOptions(addChoiceOptions(command))
      .option("--all", "with no other choice: all there are")
      .option("--yes", "don't ask")
      .option("--json", "print as JSON; asks nothing, and needs --yes where it would")
      .addHelpText("after", verb.notes)
      .action((ids: string[], flags: Flags, self: Command) => give(verb, ids, flags, terminal, self));
  }
}

async function give(
  verb: Verb,
  named: readonly string[],
  flags: Flags,
  terminal: Terminal,
  self: Command,
): Promise<void> {
  const choice = await choiceOf(flags);
  const isByChoice = isChoice(choice) || flags.all === true;
  if (named.length > 0 === isByChoice)
    self.error("error: name ids, or choose by --service, --tenant, --code, --older-than or --all");
  const doors = await operationsDoors(flags);
  const ids = isByChoice ? await chosenIds(doors, choice) : named;
  if (ids.length === 0) {
    report(verb, { done: [], missing: [] }, flags, terminal);
    return;
  }
  if ((isByChoice || verb.confirmsIds) && flags.yes !== true) await confirm(verb, ids.length, flags, terminal);
  const result = await order(doors, verb.name, ids);
  report(verb, result, flags, terminal);
  if (!isByChoice && result.missing.length > 0) {
    throw new CliError(
      "DEAD_LETTER_MISSING",
      `There is no dead letter (any more) with the id ${result.missing.join(", ")}.`,
    );
  }
}

/** What matches now: letters that come meanwhile, redriven ones included, are not of this order. */
async function chosenIds(doors: readonly Door[], choice: Awaited<ReturnType<typeof choiceOf>>): Promise<string[]> {
  return (await listLetters(doors, choice, MOST)).letters.map(({ id }) => id);
}

async function confirm(verb: Verb, count: number, flags: Flags, terminal: Terminal): Promise<void> {
  const letters = count === 1 ? "1 dead letter" : `${count} dead letters`;
  if (flags.json === true || !isInteractive(terminal.stdin)) {
    throw new CliError("CONFIRMATION_REQUIRED", `This would ${verb.name} ${letters}: say --yes if you mean it.`);
  }
  printLines(terminal, [`${letters}. ${verb.consequence}`]);
  if (await confirmed(`${verb.name.charAt(0).toUpperCase()}${verb.name.slice(1)} ${letters}?`, terminal)) return;
  throw new CliError("NOT_CONFIRMED", "Nothing was done: it was not confirmed.");
}

function report(verb: Verb, { done, missing }: OrderResult, flags: Flags, terminal: Terminal): void {
  if (flags.json === true) {
    printJson(terminal, { done, missing });
    return;
  }
  const gone = missing.length === 0 ? "" : ` ${missing.length} were not there any more.`;
  printLines(terminal, [`${done.length} ${verb.past}.${gone}`]);
}
