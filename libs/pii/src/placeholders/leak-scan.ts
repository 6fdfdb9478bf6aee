import { placeholderPattern } from "./grammar.ts";
import { KnownValues } from "./known-values.ts";
import type { MapEntry } from "./map-entry.ts";
import { literalType } from "./memory.ts";

/**
 * The placeholders whose value still stands in a redacted text: as typed, in another case or normal form, with other
 * separators, and for a person in parts. An empty answer is what lets a text go on to a model.
 */
export function leakScan(redactedText: string, entries: Iterable<MapEntry>): string[] {
  const hidden = [...entries].filter((entry) => entry.type !== literalType);
  // NUL keeps the words on both sides of a placeholder from being read as neighbours.
  const rest = redactedText.replace(placeholderPattern, (placeholder) => "\0".repeat(placeholder.length));
  const leaked = new Set(
    new KnownValues(hidden.map(({ value, type, placeholder }) => ({ value, type, label: placeholder })))
      .find(rest)
      .map((place) => place.label),
  );
  return [...leaked];
}
