import type { ExplainedSpan } from "../span.ts";

/** Finds names of people, places and organizations. Offsets are those of the text it is given (normalized). */
export interface NameFinder {
  find(normalizedText: string): ExplainedSpan[];
}
