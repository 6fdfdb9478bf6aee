import { readLookAlikes } from "./look-alikes.ts";

/**
 * Text in the form that detectors read: NFKC, without characters that cannot be seen, with one kind of dash,
 * apostrophe and digit, and with Latin letters where others pass for them. Every place in it leads back to the place in the original that it came from.
 */
export interface NormalizedText {
  readonly text: string;
  /** UTF-16 offsets in the original of the normalized range [start, end); whole characters of the original. */
  toOriginal(start: number, end: number): { start: number; end: number };
}

// Soft hyphen, the keycap around a digit, zero-width and bidirectional controls, variation selectors, tags: nobody sees them, all split words.
const visibleRun =
  /[^\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u20E3\u3164\uFE00-\uFE0F\uFEFF\uFFA0\u{E0000}-\u{E0FFF}]+/gu;
// A character with all the marks on it. Hangul jamo are the only starters that compose with a following starter.
const segments = /[\u1100-\u11FF]+|[^\p{M}\u1100-\u11FF]\p{M}*|\p{M}+/gsu;
// Marks, halves of characters beyond the first plane, jamo, and what is not seen.
const joining =
  /[\p{M}\p{Cs}\u1100-\u11FF\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u20E3\u3164\uFE00-\uFE0F\uFEFF\uFFA0]/u;
const plainAscii = /^[\t\n\r\x20-\x7E]*$/;
const decimalDigit = /\p{Nd}/u;
const dash = /[\p{Pd}\u2212]/u;
const apostrophe = /[\u2018\u2019\u201B\u02BC\u00B4\u2032\uFF07]/u;

export function normalize(original: string): NormalizedText {
  if (plainAscii.test(original)) return { text: original, toOriginal: (start, end) => ({ start, end }) };

  const parts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  // A text repeats its characters, and the normal form of each is looked up once.
  const forms = new Map<string, string>();
  const push = (segment: string, start: number, end: number): void => {
    const known = forms.get(segment);
    const form = known ?? normalizeSegment(segment);
    if (known === undefined) forms.set(segment, form);
    parts.push(form);
    for (let unit = 0; unit < form.length; unit++) {
      starts.push(start);
      ends.push(end);
    }
  };
  for (let at = 0; at < original.length;) {
    const plainEnd = endOfPlainRun(original, at);
    parts.push(original.slice(at, plainEnd));
    for (; at < plainEnd; at++) {
      starts.push(at);
      ends.push(at + 1);
    }
    for (; isAlone(original, at); at++) push(original.charAt(at), at, at + 1);
    const otherEnd = endOfOtherRun(original, at);
    for (const { text, start, end } of visibleSegments(original.slice(at, otherEnd))) push(text, at + start, at + end);
    at = otherEnd;
  }
  return {
    text: readLookAlikes(parts.join("")),
    toOriginal: (start, end) => ({
      start: starts[start] ?? original.length,
      end: end > start ? (ends[end - 1] ?? original.length) : (starts[start] ?? original.length),
    }),
  };
}

/** ASCII that is its own normal form: the last character of a run may carry a mark, so it is left to the next. */
function endOfPlainRun(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) < 0x80 && !(text.charCodeAt(at + 1) >= 0x80)) at++;
  return at;
}

function endOfOtherRun(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isAlone(text, at)) at++;
  return at;
}

/** Whether the unit here is a character that joins nothing, and the next isn't one that could join it. */
function isAlone(text: string, at: number): boolean {
  if (at >= text.length || isJoining(text.charCodeAt(at))) return false;
  return at + 1 === text.length || !isJoining(text.charCodeAt(at + 1));
}

/** What is known of each UTF-16 unit: 0 nothing yet, 1 it stands alone, 2 it may join or be joined, or isn't seen. */
const joins = new Uint8Array(0x10000);

function isJoining(unit: number): boolean {
  if (joins[unit] === 0) joins[unit] = joining.test(String.fromCharCode(unit)) ? 2 : 1;
  return joins[unit] === 2;
}

interface Segment {
  text: string;
  start: number;
  end: number;
}

/** Segments of the text without its invisible characters, each with the range of the original that it covers. */
function visibleSegments(original: string): Segment[] {
  const runs: string[] = [];
  const offsets: number[] = [];
  for (const run of original.matchAll(visibleRun)) {
    runs.push(run[0]);
    for (let unit = 0; unit < run[0].length; unit++) offsets.push(run.index + unit);
  }
  const visible = runs.join("");
  const found: Segment[] = [];
  for (const match of visible.matchAll(segments)) {
    const start = offsets[match.index] ?? 0;
    const end = (offsets[match.index + match[0].length - 1] ?? 0) + 1;
    found.push({ text: match[0], start, end });
  }
  return found;
}

/**
 * Ligatures of letters and numbers in circles are read as what they are made of. Signs that stand for more (a phrase of
 * eighteen letters is one of them) stay: nobody hides data in them, and a text of nothing else would grow by as much.
 */
const shortForm = /^(?:.{1,2}|\p{L}{3,4})$/su;

function normalizeSegment(segment: string): string {
  if (segment.length === 1 && segment <= "\x7F") return segment;
  if (apostrophe.test(segment)) return "'";
  const form = segment.normalize("NFKC");
  if (form.length > segment.length && !shortForm.test(form)) return segment;
  let normalized = "";
  for (const character of form) normalized += plainCharacter(character);
  return normalized;
}

function plainCharacter(character: string): string {
  if (character <= "\x7F") return character;
  if (dash.test(character)) return "-";
  if (decimalDigit.test(character)) return digitValue(character);
  return character;
}

/** Unicode keeps the ten digits of a script in a row, zero first (The Unicode Standard, section 4.6). */
function digitValue(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && decimalDigit.test(String.fromCodePoint(codePoint - value - 1))) value++;
  return String(mathDigits(codePoint) ?? value);
}

/** Blocks of digits that touch each other can't be told apart by walking back: count from the block's own zero. */
function mathDigits(codePoint: number): number | undefined {
  for (const zero of adjacentZeros) if (codePoint >= zero && codePoint < zero + 10) return codePoint - zero;
  return undefined;
}

const adjacentZeros = [0x1a80, 0x1a90, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x116d0, 0x116da];
