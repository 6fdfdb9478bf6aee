import { createDetector, type Detector, type DetectorOptions, type ExplainedSpan, type MapEntry } from "@cloister/pii";
import { normalize, PiiError } from "@cloister/pii";
import { PlaceholderMemory, type PlaceholderCounters, type RedactOptions, type Span } from "@cloister/pii";
import { type FoundTexts, redactTexts } from "../redact-texts.ts";

// What one thread asks another: plain data, so that it can be handed over. Nothing here reaches for Nest or a database.

export type TextJob =
  | { readonly kind: "open-model" }
  | {
      readonly kind: "detect";
      readonly texts: readonly string[];
      readonly options: DetectorOptions;
      /** Whether the model reads them, too. */
      readonly asksModel: boolean;
    }
  | {
      readonly kind: "redact";
      readonly found: FoundTexts;
      readonly entries: readonly MapEntry[];
      readonly counters: PlaceholderCounters;
      readonly options: RedactOptions;
    };

export type TextAnswer =
  | { readonly kind: "opened" }
  | { readonly kind: "detected"; readonly spans: readonly (readonly Span[])[] }
  | {
      readonly kind: "redacted";
      readonly text: string;
      readonly title: string;
      readonly brought: readonly MapEntry[];
      readonly entries: readonly MapEntry[];
      readonly counters: PlaceholderCounters;
      readonly isLeaking: boolean;
    }
  /** A code of PiiError, or undefined where it failed in another way; never a word of the text. */
  | { readonly kind: "failed"; readonly code: string | undefined; readonly reason: string };

/** Finds more than a detector does, by itself, in a text's normal form. */
export interface SecondReader {
  find(normalizedText: string, deadline: AbortSignal): Promise<readonly ExplainedSpan[]>;
}

export interface TextWork {
  readonly detectorFor: (options: DetectorOptions) => Detector;
  /** Where there is a model. @throws PiiError BAD_MODEL */
  readonly secondReader?: () => Promise<SecondReader>;
}

/** For all texts of a message: far below what keys last for. */
const mostReadingMs = 30_000;

export async function answerTo(
  job: TextJob,
  work: TextWork = { detectorFor: createDetector },
  deadline: AbortSignal = AbortSignal.timeout(mostReadingMs),
): Promise<TextAnswer> {
  try {
    switch (job.kind) {
      case "open-model":
        await work.secondReader?.();
        return { kind: "opened" };
      case "detect":
        return await detected(job, work, deadline);
      case "redact":
        return redacted(job);
    }
  } catch (error) {
    if (error instanceof PiiError) return { kind: "failed", code: error.code, reason: reasonOf(error) };
    return { kind: "failed", code: undefined, reason: error instanceof Error ? error.name : "an unknown failure" };
  }
}

async function detected(
  { texts, options, asksModel }: TextJob & { kind: "detect" },
  { detectorFor, secondReader }: TextWork,
  deadline: AbortSignal,
): Promise<TextAnswer> {
  const detector = detectorFor(options);
  const reader = asksModel ? await secondReader?.() : undefined;
  const spans: Span[][] = [];
  for (const text of texts) {
    spans.push(detector.detect(text, await reader?.find(normalize(text).text, deadline)));
  }
  return { kind: "detected", spans };
}

function redacted({ found, entries, counters, options }: TextJob & { kind: "redact" }): TextAnswer {
  const { memory, entries: brought, ...rest } = redactTexts(found, PlaceholderMemory.from(entries, counters), options);
  return { kind: "redacted", ...rest, brought, entries: memory.entries(), counters: memory.counters() };
}

/** Without the code, which is put before it again. */
function reasonOf({ code, message }: PiiError): string {
  return message.slice(message.startsWith(`${code}: `) ? code.length + 2 : 0);
}
