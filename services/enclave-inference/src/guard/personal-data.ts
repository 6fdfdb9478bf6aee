import { createPatternDetector, entityTypes } from "@cloister/pii/patterns";
import type { Guarded } from "./guard.ts";

/** What a model may well speak of without remembering anybody: people, places, days, pages. */
const generalTypes: readonly string[] = ["PERSON", "LOCATION", "ORGANIZATION", "DATE_TIME", "AGE", "URL"];

/** Kinds that a pattern proves by a checksum or its context. */
const detector = createPatternDetector({
  entities: entityTypes.filter((type) => !generalTypes.includes(type)),
});

const withheld = "[withheld]";

/**
 * Withholds personal data that none of the texts held which the model was shown: it was redacted before, so it can only
 * be a memory of the model's training or of something it should not have seen.
 */
export function withoutUnknownPersonalData(answer: string, shownTexts: readonly string[]): Guarded {
  let shown: string | undefined;
  const wasShown = (value: string): boolean =>
    (shown ??= shownTexts.map(squeezed).join("\n")).includes(squeezed(value));
  let text = "";
  let end = 0;
  let count = 0;
  for (const span of detector.detect(answer)) {
    if (wasShown(answer.slice(span.start, span.end))) continue;
    text += answer.slice(end, span.start) + withheld;
    end = span.end;
    count += 1;
  }
  return { text: text + answer.slice(end), findings: count === 0 ? [] : [{ kind: "personal_data", count }] };
}

function squeezed(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}@]/gu, "");
}
