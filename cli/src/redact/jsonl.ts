import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { EntityAction, ExplainedSpan, Span } from "@cloister/pii";
import { type Line, lineBatches } from "../line-batches.ts";
import type { RedactProgress } from "./progress.ts";
import type { TextReader } from "./reader.ts";
import type { FindTally } from "./tally.ts";

export interface RedactJob {
  readonly reader: TextReader;
  /** Adds detector and evidence to each span. */
  readonly explain: boolean;
  /** What is printed of a single text. */
  readonly show: "placeholders" | "colours";
  /** Counts the finds of all texts. */
  readonly tally: FindTally;
  readonly output: Writable;
  readonly errors: Writable;
  /** What is written in place of a kind; of a single text. */
  readonly actions: Readonly<Record<string, EntityAction>>;
  /** 32 bytes of this run alone. */
  readonly hashKey: Uint8Array;
  /** Undefined where nobody looks on. */
  readonly progress: RedactProgress | undefined;
}

const mostLineBytes = 16 * 1024 * 1024;
const writeAtCharacters = 64 * 1024;

/**
 * Prints the spans of each line's text; waits where the output is slower than the input. A line that cannot be read
 * is named on `errors` by its number and left out. Resolves to whether every line could be read.
 */
export async function redactLines(input: Readable, job: RedactJob): Promise<boolean> {
  let number = 0;
  let isComplete = true;
  let answer = "";
  for await (const batch of lineBatches(input, mostLineBytes)) {
    for (const line of batch) {
      number++;
      job.progress?.add((line?.length ?? mostLineBytes) + 1);
      if (line?.toString().trim() === "") continue;
      const request = parseRequest(line);
      if (typeof request === "string") {
        isComplete = false;
        job.errors.write(`line ${number}: ${request}\n`);
        continue;
      }
      const found = await job.reader.explain(request.text);
      job.tally.add(found);
      const spans = job.explain ? found : found.map(withoutReason);
      answer += `${JSON.stringify({ id: request.id, spans })}\n`;
      if (answer.length >= writeAtCharacters) {
        await write(job.output, answer);
        answer = "";
      }
    }
    if (answer !== "") await write(job.output, answer);
    answer = "";
  }
  return isComplete;
}

function withoutReason({ start, end, type, score }: ExplainedSpan): Span {
  return { start, end, type, score };
}

export async function write(output: Writable, text: string): Promise<void> {
  if (!output.write(text)) await once(output, "drain");
}

interface Request {
  readonly id: string | number;
  readonly text: string;
}

/** The request of a line, or what is wrong with it, in words that do not repeat it. */
function parseRequest(line: Line): Request | string {
  if (line === undefined) return `longer than ${mostLineBytes} bytes`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch (error) {
    return error instanceof SyntaxError ? "not JSON" : "not UTF-8";
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return "not a JSON object";
  if (!("id" in parsed) || (typeof parsed.id !== "string" && typeof parsed.id !== "number")) {
    return '"id" is neither a string nor a number';
  }
  if (!("text" in parsed) || typeof parsed.text !== "string") return '"text" is not a string';
  return { id: parsed.id, text: parsed.text };
}
