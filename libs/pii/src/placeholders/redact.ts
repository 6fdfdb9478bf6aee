import { PiiError } from "../errors.ts";
import { type EntityAction, written } from "./actions.ts";
import type { MapEntry } from "./map-entry.ts";
import type { WordList } from "./words.ts";
import { KnownValues, readText, type ReadText } from "./known-values.ts";
import { placeholderPattern } from "./grammar.ts";
import { literalType, type PlaceholderMemory } from "./memory.ts";

/** What a detector found, of which only place and type matter here. */
export interface FoundSpan {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

export interface Redacted {
  /** The text with a placeholder in place of each value. */
  readonly text: string;
  /** The entries that this text brought: to be stored, and, but for withheld ones, sent to the readers before the text. */
  readonly placeholders: MapEntry[];
  /** Every placeholder in the redacted text, once, in order of appearance. */
  readonly used: string[];
  /** What the conversation knows from now on. The memory given is unchanged. */
  readonly memory: PlaceholderMemory;
}

export interface RedactOptions {
  /** The end of life of the entries that this text brings, Unix milliseconds. */
  readonly expiresAtMs: number;
  /** What becomes of each kind; a placeholder where nothing is said. */
  readonly actions?: Readonly<Record<string, EntityAction>>;
  /** 32 bytes, of this conversation alone; needed where an action is `hash`. */
  readonly hashKey?: Uint8Array;
}

/**
 * Replaces the spans, and every other place where a value of the conversation stands (in parts, in another case or
 * normal form), by placeholders. Spans may overlap and come in any order; overlapping ones become one. A placeholder
 * that the text itself contains is hidden behind one of type LITERAL. `reidentify(result.text, memory entries)` gives
 * back exactly the text, where every action is `placeholder`. Entries of values that another action took are withheld:
 * they let the value be found again, and no reader gets them.
 * @throws PiiError BAD_SPAN for a span that is empty or outside of the text, REFUSED_ENTITY by the action `refuse`
 */
export function redact(
  text: string,
  spans: readonly FoundSpan[],
  memory: PlaceholderMemory,
  { expiresAtMs, actions = {}, hashKey }: RedactOptions,
): Redacted {
  const actionOf = (type: string): EntityAction => actions[type] ?? "placeholder";
  const refused = spans.find(({ type }) => actionOf(type) === "refuse");
  if (refused !== undefined) throw new PiiError("REFUSED_ENTITY", `the text holds ${refused.type}, which is refused`);
  const read = readText(text);
  const wholeWords = extendedToWords(
    read.asWritten,
    spans.map((span) => checked(text, span)),
  );
  const places = withKnownValues(text, read, [...wholeWords, ...literals(text)], memory)
    .map((place) => {
      const value = text.slice(place.start, place.end);
      return { ...place, value, instead: written(actionOf(place.type), { type: place.type, value }, hashKey) };
    })
    // "1977" made general is "1977": nothing to hide, and nothing to remember.
    .filter(({ value, instead }) => instead !== value);
  const assigned = memory.assign(
    places.map(({ type, value, instead }) => ({ type, value, isWithheld: instead !== undefined })),
    expiresAtMs,
  );
  const placeholderAt = (index: number): string => assigned.placeholders[index] ?? "";
  let redacted = "";
  let offset = 0;
  for (const [index, place] of places.entries()) {
    redacted += text.slice(offset, place.start) + (place.instead ?? placeholderAt(index));
    offset = place.end;
  }
  return {
    text: redacted + text.slice(offset),
    placeholders: assigned.added,
    used: [...new Set(places.flatMap(({ instead }, index) => (instead === undefined ? placeholderAt(index) : [])))],
    memory: assigned.memory,
  };
}

/** For a text that is made to bring new values in each pass; what is left of it then, the leak scan finds. */
const mostPasses = 8;

/** A value found in one place counts in all others of the text; joining places can make new values, hence the passes. */
function withKnownValues(
  text: string,
  read: ReadText,
  spans: readonly FoundSpan[],
  memory: PlaceholderMemory,
): FoundSpan[] {
  const seen = new Set<string>();
  let places = joined(spans);
  let known = new KnownValues(memory.knownValues());
  for (let pass = 1; pass <= mostPasses; pass++) {
    for (const { start, end, type } of places) {
      const value = text.slice(start, end);
      const identity = `${type}\0${value}`;
      if (type === literalType || seen.has(identity)) continue;
      seen.add(identity);
      known.add({ value, type, label: "" });
    }
    if (known.size === 0) break;
    places = joined([...places, ...known.findIn(read)]);
    known = new KnownValues();
  }
  return places;
}

/** Overlapping spans as one, with the type of the longest. */
function joined(spans: readonly FoundSpan[]): FoundSpan[] {
  const sorted = [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
  const result: { start: number; end: number; type: string; longest: number }[] = [];
  for (const { start, end, type } of sorted) {
    const last = result.at(-1);
    if (last === undefined || start >= last.end) {
      result.push({ start, end, type, longest: end - start });
      continue;
    }
    last.end = Math.max(last.end, end);
    if (end - start <= last.longest) continue;
    last.type = type;
    last.longest = end - start;
  }
  return result;
}

/** The span without a possessive ending, and never through the middle of a character. */
function checked(text: string, { start, end, type }: FoundSpan): FoundSpan {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end <= start || end > text.length) {
    throw new PiiError("BAD_SPAN", "a span is empty or lies outside of the text");
  }
  const possessive = type === "PERSON" ? /(?:['\u2019]s|['\u2019])$/iu.exec(text.slice(start, end)) : null;
  const trimmedEnd = possessive === null || possessive.index === 0 ? end : start + possessive.index;
  return {
    start: isLowSurrogate(text, start) ? start - 1 : start,
    end: isLowSurrogate(text, trimmedEnd) ? trimmedEnd + 1 : trimmedEnd,
    type,
  };
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}

/** A span that cuts a word takes all of it: what would be left of the word could give it away, or be another value. */
function extendedToWords({ normalized, words }: WordList, spans: readonly FoundSpan[]): FoundSpan[] {
  if (spans.length === 0) return [];
  const places = words.map((word) => normalized.toOriginal(word.start, word.end));
  return spans.map(({ start, end, type }) => {
    const first = places[firstEndingAfter(places, start)];
    const last = places[firstEndingAfter(places, end - 1)];
    return {
      start: first === undefined ? start : Math.min(start, first.start),
      end: last === undefined || last.start >= end ? end : Math.max(end, last.end),
      type,
    };
  });
}

function firstEndingAfter(places: readonly { readonly end: number }[], offset: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle]?.end ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

function literals(text: string): FoundSpan[] {
  return Array.from(text.matchAll(placeholderPattern), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
    type: literalType,
  }));
}
