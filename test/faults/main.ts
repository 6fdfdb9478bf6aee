// `npm run test:faults`: what happens to messages while something breaks. Without options the whole matrix, going on where
// an earlier run of the same code ended; the table goes into docs/reliability.md.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { logVariables } from "@cloister/messaging";
import { kafkaClients, type KafkaClient } from "./deployment.ts";
import type { LoadSize } from "./load.ts";
import { writePage } from "./reliability-page.ts";
import { codeNow, keep, keepable, keptRows, resultsFolder, type StoredRow } from "./results.ts";
import { allPlays, nameOf, rows, smokeNames, type Play } from "./rows/index.ts";
import { runRow } from "./run-row.ts";

const usage = `npm run test:faults [-- options]
  --list            the rows, and how each ended
  --row NAME        that row alone; again for more rows
  --client NAME     ${kafkaClients.join(" or ")}: by that client alone
  --again           also what was played with this code already
  --smoke           five rows of 200 messages; nothing is kept
  --messages N      fewer than 2,000 a row, ten a conversation; the full run plays such a row again
  --minutes N       begins no row after that long; 70
`;

const small: LoadSize = { conversations: 20, messages: 200, messagesPerSecond: 20 };
/** What the services take when nobody says. */
const defaultClient: KafkaClient =
  kafkaClients.find((client) => client === logVariables.kafkaClient.fallback) ?? "platformatic";

/** One line for whoever typed it wrong. */
function misused(sentence: string): never {
  process.stderr.write(`test:faults: ${sentence}\n\n${usage}`);
  process.exit(2);
}

const { values } = parsed();
const unknown = values.row.filter((name) => rows.every((row) => row.name !== name));
if (unknown.length > 0) misused(`there is no row ${unknown.join(", ")}; --list names them`);
if (values.client !== undefined && !kafkaClients.some((client) => client === values.client)) {
  misused(`there is no client ${values.client}; it is ${kafkaClients.join(" or ")}`);
}
for (const number of [values.messages, values.minutes]) {
  if (!/^[1-9]\d{0,5}$/u.test(number)) misused(`${number} is no number of messages or minutes`);
}

function parsed() {
  try {
    return parseOptions();
  } catch (error) {
    return misused(error instanceof Error ? error.message : "the options can't be read");
  }
}

function parseOptions() {
  return parseArgs({
    options: {
      list: { type: "boolean", default: false },
      row: { type: "string", multiple: true, default: [] },
      client: { type: "string" },
      again: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      messages: { type: "string", default: "2000" },
      minutes: { type: "string", default: "70" },
      help: { type: "boolean", default: false },
    },
  });
}

const messages = Number(values.messages);
const full: LoadSize = { conversations: Math.ceil(messages / 10), messages, messagesPerSecond: 60 };

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function chosenPlays(): Play[] {
  const wanted = values.smoke && values.row.length === 0 ? smokeNames : values.row;
  const plays = allPlays(defaultClient).filter(({ row }) => wanted.length === 0 || wanted.includes(row.name));
  const client = values.client ?? (values.smoke ? defaultClient : undefined);
  return plays.filter(({ kafkaClient }) => client === undefined || kafkaClient === client);
}

function list(kept: readonly StoredRow[]): void {
  for (const play of allPlays(defaultClient)) {
    const known = kept.find((one) => one.row === play.row.name && one.kafkaClient === play.kafkaClient);
    print(`${nameOf(play).padEnd(40)} ${endOf(known).padEnd(28)} ${play.row.fault}`);
  }
}

function endOf(known: StoredRow | undefined): string {
  if (known === undefined) return "not played";
  if (known.result === undefined) return "skipped";
  return `${known.result.failures.length === 0 ? "passed" : "FAILED"} at ${known.commit}`;
}

/** Plays one row, says how it ended and what it kept. */
async function playOne(play: Play, size: LoadSize): Promise<StoredRow> {
  const { row, kafkaClient } = play;
  const { conversations, messages } = size;
  const common = { row: row.name, kafkaClient, ...codeNow(), conversations, messages, atIso: new Date().toISOString() };
  print(`\n${nameOf(play)}: ${row.fault}`);
  const missing = await row.missing?.();
  if (missing !== undefined) {
    print(`  skipped: ${missing}`);
    return { ...common, missing };
  }
  const logFolder = join(resultsFolder, "logs", `${row.name}.${kafkaClient}`);
  const result = await runRow(row, { kafkaClient, size, logFolder, say: (text) => print(`  ${text}`) });
  const { account, recovery, redeliveries, search, notes, failures, seconds } = result;
  print(`  ${account.accepted} accepted, ${account.replied} answered, ${account.refused} refused`);
  print(`  dead letters ${JSON.stringify(account.deadLetters)}, came again ${JSON.stringify(redeliveries)}`);
  print(`  first reply ${recovery.firstReplyMs ?? "-"} ms after, caught up ${recovery.caughtUpMs} ms after`);
  print(`  ${search.findings.length} of ${search.values} typed values in ${search.places} places`);
  for (const note of notes) print(`  ${note}`);
  for (const failure of failures) print(`  ✗ ${failure}`);
  print(`  ${failures.length === 0 ? "passed" : "FAILED"} in ${seconds} s`);
  return { ...common, result: keepable(result) };
}

async function playAll(): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + Number(values.minutes) * 60_000;
  const size = values.smoke ? small : full;
  let [passed, skipped, left] = [0, 0, 0];
  const failed: string[] = [];
  for (const play of chosenPlays()) {
    const { codeDigest } = codeNow();
    const isKept = keptRows().some(
      (one) =>
        one.row === play.row.name &&
        one.kafkaClient === play.kafkaClient &&
        one.codeDigest === codeDigest &&
        one.messages >= size.messages,
    );
    if (isKept && !values.again && !values.smoke) continue;
    if (performance.now() > endMs) {
      left += 1;
      continue;
    }
    const played = await playOne(play, size).catch((error: unknown) => {
      print(`  ✗ the row could not be played: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
    if (played !== undefined && !values.smoke) {
      keep(played);
      await writePage(allPlays(defaultClient), keptRows());
    }
    if (played?.missing !== undefined) skipped += 1;
    else if (played?.result?.failures.length === 0) passed += 1;
    else failed.push(`${nameOf(play)}: ${played?.result?.failures.join("; ") ?? "could not be played"}`);
  }
  const seconds = Math.round((performance.now() - startMs) / 1_000);
  print(`\n${left} rows left for the next run (${seconds} s)`);
  // CI repeats these at its end, and adds up the counts.
  for (const failure of failed) print(`failed: ${failure}`);
  print(`${passed} passed, ${failed.length} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
  return failed.length === 0 ? 0 : 1;
}

// Ended by a signal, a process would leave its services behind.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

if (values.help) print(usage);
else if (values.list) list(keptRows());
else process.exitCode = await playAll();
