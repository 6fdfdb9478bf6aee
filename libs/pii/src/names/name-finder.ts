import type { ExplainedSpan } from "../span.ts";

/** Finds names of people, places and organizations. Offsets are those of the text it is given (normalized). */
export interface NameFinder {
  find(normalizedText: string): ExplainedSpan[];
  /** Whether a word, in lower case, is on a list of names; for words that are written in a strange way. */
  knowsName?(lower: string): boolean;
}
