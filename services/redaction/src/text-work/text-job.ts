import { createDetector, type Detector, type DetectorOptions, type MapEntry, PiiError } from "@cloister/pii";
import { PlaceholderMemory, type PlaceholderCounters, type RedactOptions, type Span } from "@cloister/pii";
import { type FoundTexts, redactTexts } from "../redact-texts.ts";

// What one thread asks another: plain data, so that it can be handed over. Nothing here reaches for Nest or a database.

export type TextJob =
  | { readonly kind: "detect"; readonly texts: readonly string[]; readonly options: DetectorOptions }
  | {
      readonly kind: "redact";
      readonly found: FoundTexts;
      readonly entries: readonly MapEntry[];
      readonly counters: PlaceholderCounters;
      readonly options: RedactOptions;
    };

export type TextAnswer =
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

export function answerTo(
  job: TextJob,
  detectorFor: (options: DetectorOptions) => Detector = createDetector,
): TextAnswer {
  try {
    return job.kind === "detect" ? detected(job, detectorFor(job.options)) : redacted(job);
  } catch (error) {
    if (error instanceof PiiError) return { kind: "failed", code: error.code, reason: error.message };
    return { kind: "failed", code: undefined, reason: error instanceof Error ? error.name : "an unknown failure" };
  }
}

function detected({ texts }: TextJob & { kind: "detect" }, detector: Detector): TextAnswer {
  return { kind: "detected", spans: texts.map((text) => detector.detect(text)) };
}

function redacted({ found, entries, counters, options }: TextJob & { kind: "redact" }): TextAnswer {
  const { memory, entries: brought, ...rest } = redactTexts(found, PlaceholderMemory.from(entries, counters), options);
  return { kind: "redacted", ...rest, brought, entries: memory.entries(), counters: memory.counters() };
}
