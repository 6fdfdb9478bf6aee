import { parsePlaceholder, rewriteForeignPlaceholders } from "@cloister/pii/placeholders";
import type { Guarded } from "./guard.ts";

const numbered = /\[[A-Z][A-Z_]*_\d+(?:\.\d+)?\]/gu;

/**
 * Takes the number from every placeholder that the conversation's own texts don't have: it comes from another
 * conversation or is invented, and the reader's SDK must not put a value of this conversation in its place.
 */
export function withoutForeignPlaceholders(answer: string, ownTexts: readonly string[]): Guarded {
  const own = new Set(ownTexts.flatMap((text) => Array.from(text.matchAll(numbered), ([found]) => subjectOf(found))));
  let count = 0;
  const text = answer.replace(numbered, (placeholder) => {
    if (own.has(subjectOf(placeholder))) return placeholder;
    count += 1;
    return rewriteForeignPlaceholders(placeholder);
  });
  return { text, findings: count === 0 ? [] : [{ kind: "foreign_placeholder", count }] };
}

/** The same for both spellings of one person: `[PERSON_1]` and `[PERSON_1.2]`. */
function subjectOf(placeholder: string): string {
  const parts = parsePlaceholder(placeholder);
  return parts === undefined ? placeholder : `${parts.type}_${String(parts.subject)}`;
}
