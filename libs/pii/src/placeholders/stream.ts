import { isPlaceholderPrefix, longestPlaceholder } from "./grammar.ts";
import type { MapEntry } from "./map-entry.ts";
import { type Lookup, lookupIn, restore } from "./reidentify.ts";

/**
 * Puts values back into a text that arrives in chunks. What could be the beginning of a placeholder (at most 61
 * characters) is held back until the next chunk decides; everything else is given out at once.
 */
export class StreamReidentifier {
  readonly #lookup: Lookup;
  #held = "";

  constructor(entries: Iterable<MapEntry>) {
    this.#lookup = lookupIn(entries);
  }

  push(chunk: string): string {
    const text = this.#held + chunk;
    const open = text.lastIndexOf("[");
    const isUndecided = open >= 0 && text.length - open < longestPlaceholder && isPlaceholderPrefix(text.slice(open));
    this.#held = isUndecided ? text.slice(open) : "";
    return restore(isUndecided ? text.slice(0, open) : text, this.#lookup);
  }

  /** What is left when no more chunks come: an unfinished placeholder is text after all. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }
}
