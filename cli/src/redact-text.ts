import type { Readable } from "node:stream";
import { PlaceholderMemory, redact, type Span } from "@cloister/pii";
import { type RedactJob, write } from "./redact-jsonl.ts";
import { bytesOf } from "./redact-lines.ts";
import { highlighted } from "./redact-view.ts";

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
  const spans = job.detector.explain(text);
  job.tally.add(spans);
  await write(job.output, job.show === "colours" ? highlighted(text, spans) : redactedText(text, spans));
  if (job.explain) {
    for (const { start, end, type, score, detector, evidence } of spans) {
      const place = `${placeOf(text, start)}, ${end - start} characters`;
      job.errors.write(`${place}: ${type} ${score.toFixed(2)}, found by ${detector} (${evidence})\n`);
    }
  }
  return true;
}

function redactedText(text: string, spans: readonly Span[]): string {
  return redact(text, spans, PlaceholderMemory.empty(), { expiresAtMs: 0 }).text;
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `line ${before.split("\n").length}, column ${offset - before.lastIndexOf("\n")}`;
}
