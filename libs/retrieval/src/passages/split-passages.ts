/** Measured in UTF-16 code units. */
export interface PassageSize {
  /** No passage is longer. */
  maxCharacters: number;
  /** At most so much of a passage is repeated at the start of the next, in whole sentences. */
  overlapCharacters: number;
}

const defaultPassageSize: PassageSize = { maxCharacters: 800, overlapCharacters: 160 };

interface Range {
  start: number;
  end: number;
}

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });

/**
 * Cuts a text into passages of whole sentences, in order. Every word of the text is in at least one passage. A sentence
 * longer than a passage is cut between words, and never inside a placeholder such as `[PERSON_1]` or a surrogate pair.
 * Text without a word gives no passage.
 */
export function splitPassages(text: string, size: PassageSize = defaultPassageSize): string[] {
  const passages: string[] = [];
  const units = sentenceRanges(text, size.maxCharacters);
  let first = 0;
  while (first < units.length) {
    const last = lastThatFits(units, first, size.maxCharacters);
    const passage = sliceOf(text, units, first, last);
    if (/[\p{L}\p{N}]/u.test(passage)) passages.push(passage);
    if (last === units.length - 1) break;
    first = firstOfOverlap(units, first, last, size);
  }
  return passages;
}

function sliceOf(text: string, units: readonly Range[], first: number, last: number): string {
  return text.slice(units[first]?.start, units[last]?.end).trim();
}

function lastThatFits(units: readonly Range[], first: number, maxCharacters: number): number {
  const start = units[first]?.start ?? 0;
  let last = first;
  for (let next = first + 1; next < units.length; next += 1) {
    if ((units[next]?.end ?? 0) - start > maxCharacters) break;
    last = next;
  }
  return last;
}

/** The unit that the next passage starts with: as early as the overlap allows, but always with room for a new unit. */
function firstOfOverlap(units: readonly Range[], first: number, last: number, size: PassageSize): number {
  const end = units[last]?.end ?? 0;
  const nextEnd = units[last + 1]?.end ?? 0;
  for (let candidate = first + 1; candidate <= last; candidate += 1) {
    const start = units[candidate]?.start ?? 0;
    if (end - start <= size.overlapCharacters && nextEnd - start <= size.maxCharacters) return candidate;
  }
  return last + 1;
}

function sentenceRanges(text: string, maxCharacters: number): Range[] {
  const ranges: Range[] = [];
  for (const { index, segment } of sentences.segment(text)) {
    if (segment.trim() === "") continue;
    ranges.push(...cutLong(text, { start: index, end: index + segment.trimEnd().length }, maxCharacters));
  }
  return ranges;
}

function cutLong(text: string, range: Range, maxCharacters: number): Range[] {
  const pieces: Range[] = [];
  let start = range.start;
  while (range.end - start > maxCharacters) {
    const end = cutPoint(text, start, start + maxCharacters);
    pieces.push({ start, end });
    start = end;
  }
  pieces.push({ start, end: range.end });
  return pieces;
}

/** After the last space in the window; without one, before a placeholder or surrogate pair that the limit would cut. */
function cutPoint(text: string, start: number, limit: number): number {
  const window = text.slice(start, limit);
  const space = window.search(/\s\S*$/u);
  if (space > 0) return start + space + 1;
  const openPlaceholder = window.search(/\[[A-Z_0-9.]*$/u);
  if (openPlaceholder > 0) return start + openPlaceholder;
  const lastUnit = text.charCodeAt(limit - 1);
  return lastUnit >= 0xd800 && lastUnit <= 0xdbff && limit - 1 > start ? limit - 1 : limit;
}
