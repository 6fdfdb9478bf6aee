import { formatPlaceholder, parsePlaceholder, placeholderPattern } from "./grammar.ts";
import type { MapEntry } from "./map-entry.ts";

/** Finds what a placeholder stands for; undefined for one that this conversation does not know. */
export type Lookup = (placeholder: string) => string | undefined;

/**
 * A lookup over a conversation's entries. A spelling that no entry has (a model made it up, or it has expired) falls
 * back to the first spelling of the same subject that is left.
 */
export function lookupIn(entries: Iterable<MapEntry>): Lookup {
  const values = new Map<string, string>();
  const firstVariants = new Map<string, { variant: number; value: string }>();
  for (const { placeholder, value } of entries) {
    values.set(placeholder, value);
    const parts = parsePlaceholder(placeholder);
    if (parts === undefined) continue;
    const subject = formatPlaceholder({ ...parts, variant: 1 });
    const known = firstVariants.get(subject);
    if (known === undefined || parts.variant < known.variant)
      firstVariants.set(subject, { variant: parts.variant, value });
  }
  return (placeholder) => {
    const exact = values.get(placeholder);
    if (exact !== undefined) return exact;
    const parts = parsePlaceholder(placeholder);
    return parts === undefined ? undefined : firstVariants.get(formatPlaceholder({ ...parts, variant: 1 }))?.value;
  };
}

/** Puts the values back in one pass: what a value itself contains is never taken for a placeholder. */
export function reidentify(text: string, entries: Iterable<MapEntry>): string {
  return restore(text, lookupIn(entries));
}

export function restore(text: string, lookup: Lookup): string {
  return text.replace(placeholderPattern, (placeholder) => lookup(placeholder) ?? placeholder);
}
