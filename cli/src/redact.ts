import { createReadStream } from "node:fs";
import { type Readable, Writable } from "node:stream";
import { createDetector, type Detector, type EntityType, entityTypes, isEntityType } from "@cloister/pii";
import { type Command, InvalidArgumentError } from "commander";
import { redactLines } from "./redact-jsonl.ts";
import { FindTally } from "./redact-tally.ts";
import { redactText } from "./redact-text.ts";

/** Where a command reads and writes; `process` is one. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
}

interface RedactOptions {
  readonly jsonl?: true;
  readonly explain?: true;
  readonly entities?: EntityType[];
  readonly threshold?: number;
  readonly report?: true;
  readonly failOn?: EntityType[];
  readonly color?: true;
}

const notes = `
Entities:
${wrapped(entityTypes)}

With --jsonl every line of the input is {"id": string or number, "text": string} and every line of the output
{"id", "spans": [{"start", "end", "type", "score"}]}: UTF-16 offsets into the text, end exclusive, score from 0 to 1.
Lines come out in the order in which they came in, each as soon as it is done.

Exit codes:
  0  everything was read
  1  something could not be read; with --jsonl it is named by its line on standard error, the other lines were done;
     or --fail-on found what it looks for
  2  an option is wrong or the file cannot be opened

Examples:
  echo "I am Maria Gonzalez, maria@example.com" | cloister redact
  cloister redact --jsonl --entities PERSON,US_SSN texts.jsonl > spans.jsonl
  cloister redact --report --fail-on SECRET,CREDIT_CARD export.csv`;

/** Adds `cloister redact` to the program. It runs on this machine alone and needs no running system. */
export function registerRedact(program: Command, streams: Streams = process): void {
  program
    .command("redact")
    .summary("find personal data and replace it by placeholders")
    .description("Finds personal data in a text and replaces it by placeholders such as [PERSON_1].")
    .argument("[file]", "the file to read; standard input by default")
    .option("--jsonl", "read texts as JSON lines and print where their personal data is")
    .option("--explain", "say of each find which detector made it and why; values are never printed")
    .option("--entities <types>", "look only for these, separated by commas; all by default", parseEntities)
    .option("--threshold <score>", "lowest score that counts, 0 to 1 (default: 0.5)", parseThreshold)
    .option("--report", "print how often each entity was found instead of texts or spans")
    .option("--fail-on <types>", "end with exit code 1 when one of these is found", parseEntities)
    .option("--color", "print the text as it is, what was found in colour; not with --jsonl")
    .addHelpText("after", notes)
    .exitOverride((error) => {
      if (error.exitCode !== 0) streams.exitCode = 2;
      throw error;
    })
    .action((file: string | undefined, options: RedactOptions) => run(file, options, streams));
}

async function run(file: string | undefined, options: RedactOptions, streams: Streams): Promise<void> {
  const { entities, threshold } = options;
  const detector: Detector = createDetector({
    ...(entities === undefined ? {} : { entities }),
    ...(threshold === undefined ? {} : { threshold }),
  });
  const tally = new FindTally();
  const job = {
    detector,
    tally,
    explain: options.explain === true,
    show: options.color === true ? ("colours" as const) : ("placeholders" as const),
    output: options.report === true ? nowhere() : streams.stdout,
    errors: streams.stderr,
  };
  const input = file === undefined ? streams.stdin : createReadStream(file);
  try {
    const isComplete = options.jsonl === true ? await redactLines(input, job) : await redactText(input, job);
    if (options.report === true) streams.stdout.write(tally.report());
    streams.exitCode = isComplete && !tally.hasAny(options.failOn ?? []) ? 0 : 1;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // The reader of our output has gone (a `head` that has enough): nothing is left to do, and nothing is wrong.
    if (error.code === "EPIPE") return;
    streams.stderr.write(`cannot read ${file ?? "standard input"}: ${error.code}\n`);
    streams.exitCode = 2;
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** The names in lines of the terminal's width, parted by commas. */
function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const line = lines.at(-1);
    if (line === undefined || line.length + name.length > 108) lines.push(`  ${name}`);
    else lines[lines.length - 1] = `${line}, ${name}`;
  }
  return lines.join(",\n");
}

function parseEntities(list: string): EntityType[] {
  return list.split(",").map((name) => {
    const type = name.trim().toUpperCase();
    if (!isEntityType(type)) throw new InvalidArgumentError(`"${name}" is none of ${entityTypes.join(", ")}.`);
    return type;
  });
}

function parseThreshold(text: string): number {
  const score = Number(text);
  if (text.trim() === "" || !(score >= 0 && score <= 1)) throw new InvalidArgumentError("A score is between 0 and 1.");
  return score;
}

/** What the operating system refused, as Node reports it. */
function isSystemError(error: unknown): error is { code: string } {
  return (
    typeof error === "object" &&
    error !== null &&
    "syscall" in error &&
    "code" in error &&
    typeof error.code === "string"
  );
}
