import type { Readable } from "node:stream";
import { type ExplainedSpan, PiiError, PlaceholderMemory, redact, type Span } from "@cloister/pii";
import { type RedactJob, write } from "./jsonl.ts";
import { bytesOf } from "../line-batches.ts";
import { highlighted } from "./view.ts";

/**
 * Prints the input as one text with placeholders, or with its finds in colour; with `explain`, a line for each find on `errors`. Resolves to
 * whether the input could be read as UTF-8; nothing is printed otherwise.
 */
export async function redactText(input: Readable, job: RedactJob): Promise<boolean> {
  const parts: Buffer[] = [];
  for await (const chunk of input) parts.push(bytesOf(chunk));
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    job.errors.write("the text is not UTF-8\n");
    return false;
  }
  const spans: ExplainedSpan[] = [];
  for (const piece of pieces(text)) {
    const found = await job.reader.explain(text.slice(piece.start, piece.end));
    job.progress?.add(Buffer.byteLength(text.slice(piece.start, piece.end)));
    for (const span of found) {
      spans.push({ ...span, start: span.start + piece.start, end: span.end + piece.start });
    }
  }
  job.tally.add(spans);
  const view = job.show === "colours" ? highlighted(text, spans) : redactedText(text, spans, job);
  if (view === undefined) return false;
  await write(job.output, view);
  if (job.explain) {
    const placeOf = placesIn(text);
    for (const { start, end, type, score, detector, evidence } of spans) {
      const place = `${placeOf(start)}, ${end - start} characters`;
      job.errors.write(`${place}: ${type} ${score.toFixed(2)}, found by ${detector} (${evidence})\n`);
    }
  }
  return true;
}

/** Undefined where an action refuses the text, which is said on `errors`. */
function redactedText(text: string, spans: readonly Span[], job: RedactJob): string | undefined {
  const { actions, hashKey, errors } = job;
  try {
    return redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs: 0, actions, hashKey }).text;
  } catch (error) {
    if (!(error instanceof PiiError) || error.code !== "REFUSED_ENTITY") throw error;
    errors.write(`${error.message}\n`);
    return undefined;
  }
}

const mostInPiece = 1_048_576;

/** Long texts in pieces that end with a paragraph, or else a line: what belongs together is seldom on both sides. */
function* pieces(text: string): Generator<{ start: number; end: number }> {
  for (let start = 0; start < text.length;) {
    const furthest = Math.min(text.length, start + mostInPiece);
    const end = furthest === text.length ? furthest : endOfParagraph(text, start, furthest);
    yield { start, end };
    start = end;
  }
}

function endOfParagraph(text: string, start: number, furthest: number): number {
  const paragraph = text.lastIndexOf("\n\n", furthest - 2) + 2;
  if (paragraph > start + mostInPiece / 2) return paragraph;
  const line = text.lastIndexOf("\n", furthest - 1) + 1;
  return line > start ? line : furthest;
}

/** Says the line and column of an offset; faster for offsets that rise. */
function placesIn(text: string): (offset: number) => string {
  let line = 1;
  let lineStart = 0;
  return (offset) => {
    if (offset < lineStart) [line, lineStart] = [1, 0];
    for (let end = text.indexOf("\n", lineStart); end !== -1 && end < offset; end = text.indexOf("\n", lineStart)) {
      line++;
      lineStart = end + 1;
    }
    return `line ${line}, column ${offset - lineStart + 1}`;
  };
}
