import { randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { type Readable, Writable } from "node:stream";
import {
  createDetector,
  type CustomPattern,
  type Detector,
  type DetectorOptions,
  type EntityAction,
  type EntityName,
  type EntityType,
  entityTypes,
} from "@cloister/pii";
import { type Command, Option } from "commander";
import { printHashes } from "./hashes.ts";
import { redactLines } from "./jsonl.ts";
import {
  parseActions,
  parseDenyFile,
  parseEntities,
  parseListFile,
  parseNames,
  parsePattern,
  parseSalt,
  parseThreshold,
} from "./options.ts";
import { RedactProgress } from "./progress.ts";
import { type Depth, depths, openReader, refusalOf, type TextReader } from "./reader.ts";
import { FindTally } from "./tally.ts";
import { redactText } from "./text.ts";
import type { Streams } from "../terminal.ts";

interface RedactOptions {
  readonly jsonl?: true;
  readonly explain?: true;
  readonly entities?: EntityType[];
  readonly threshold?: number;
  readonly depth: Depth;
  readonly report?: true;
  readonly failOn?: EntityName[];
  readonly color?: true;
  readonly pattern?: CustomPattern[];
  readonly allow?: string[];
  readonly deny?: { value: string; type: EntityName }[];
  readonly action?: Readonly<Record<string, EntityAction>>;
  readonly hashValues?: Uint8Array;
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
     or --fail-on found what it looks for, or an action refused what was found
  2  an option is wrong or the file cannot be opened

Examples:
  echo "I am Maria Gonzalez, maria@example.com" | cloister redact
  cloister redact --jsonl --entities PERSON,US_SSN texts.jsonl > spans.jsonl
  cloister redact --report --fail-on SECRET,CREDIT_CARD export.csv
  cloister redact --pattern 'BADGE=\\bB-[0-9]{6}\\b' --action PERSON=mask,DATE_TIME=generalize letter.txt
  cloister redact --hash-values 5f1c9a7e1b3d405f8a6c2e9b7d1f3a50 names.txt`;

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
    .addOption(
      new Option("--depth <depth>", "deep: let a small transformer read each text too; needs onnxruntime-node")
        .choices(depths)
        .default("standard"),
    )
    .option("--report", "print how often each entity was found instead of texts or spans")
    .option("--fail-on <types>", "end with exit code 1 when one of these is found", parseNames)
    .option("--pattern <name=pattern>", "find this too, in RE2's syntax; may be given more than once", parsePattern)
    .option("--allow <file>", "values that are never reported, one a line", parseListFile)
    .option("--deny <file>", "values that always are, each line an entity and a value", parseDenyFile)
    .option("--action <type=action>", "placeholder, mask, hash, generalize or refuse; not with --jsonl", parseActions)
    .option("--hash-values <salt>", "print each line as an entry of a policy's hashed list", parseSalt)
    .option("--color", "print the text as it is, what was found in colour; not with --jsonl")
    .addHelpText("after", notes)
    .exitOverride((error) => {
      if (error.exitCode !== 0) streams.exitCode = 2;
      throw error;
    })
    .action((file: string | undefined, options: RedactOptions) => run(file, options, streams));
}

async function run(file: string | undefined, options: RedactOptions, streams: Streams): Promise<void> {
  if (options.hashValues !== undefined) {
    const { hashValues } = options;
    await reading(file, streams, async (input) => {
      streams.exitCode = (await printHashes(input, hashValues, streams)) ? 0 : 1;
    });
    return;
  }
  const reader = await openedReader(createDetector(detectorOptions(options)), options.depth, streams);
  if (reader === undefined) return;
  const tally = new FindTally();
  const job = {
    reader,
    tally,
    explain: options.explain === true,
    show: options.color === true ? ("colours" as const) : ("placeholders" as const),
    output: options.report === true ? nowhere() : streams.stdout,
    errors: streams.stderr,
    actions: options.action ?? {},
    hashKey: randomBytes(32),
    progress: RedactProgress.on(streams.stderr, sizeOf(file)),
  };
  await reading(file, streams, async (input) => {
    const isComplete = options.jsonl === true ? await redactLines(input, job) : await redactText(input, job);
    job.progress?.end();
    if (options.report === true) streams.stdout.write(tally.report());
    streams.exitCode = isComplete && !tally.hasAny(options.failOn ?? []) ? 0 : 1;
  });
}

/** Undefined where the depth can't be had, which is said on the standard error. */
async function openedReader(detector: Detector, depth: Depth, streams: Streams): Promise<TextReader | undefined> {
  try {
    return await openReader(detector, depth);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    streams.stderr.write(`${refusal}\n`);
    streams.exitCode = 2;
    return undefined;
  }
}

function detectorOptions({ entities, threshold, pattern, allow, deny }: RedactOptions): DetectorOptions {
  return {
    ...(entities && { entities }),
    ...(threshold !== undefined && { threshold }),
    ...(pattern && { patterns: pattern }),
    ...(allow && { allow }),
    ...(deny && { deny }),
  };
}

/** Bytes of a file, undefined for what is read without knowing its end. */
function sizeOf(file: string | undefined): number | undefined {
  return file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
}

async function reading(
  file: string | undefined,
  streams: Streams,
  work: (input: Readable) => Promise<void>,
): Promise<void> {
  const input = file === undefined ? streams.stdin : createReadStream(file);
  try {
    await work(input);
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
