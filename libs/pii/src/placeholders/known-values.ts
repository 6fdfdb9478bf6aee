import { isEverydayWord, nameWords, standsAlone } from "./name-parts.ts";
import { unhide } from "../unhide/unhide.ts";
import { type Word, type WordList, wordsIn, wordsOf } from "./words.ts";

/** A value that was found earlier; `label` is handed back with each place where it stands again. */
export interface KnownValue {
  readonly value: string;
  readonly type: string;
  readonly label: string;
}

/** A place in the original text, UTF-16 offsets, end exclusive. */
export interface KnownPlace {
  readonly start: number;
  readonly end: number;
  readonly type: string;
  readonly label: string;
}

interface Sequence {
  readonly words: readonly string[];
  readonly known: KnownValue;
  /** Two words of the value may be this far apart; undefined asks for exactly the separators of the value. */
  readonly gaps: readonly string[] | "loose";
  /** Only where it is written as a name is: it is an everyday word otherwise. */
  readonly capitalOnly: boolean;
}

interface Compact {
  readonly known: KnownValue;
}

const namedTypes = new Set(["PERSON", "LOCATION", "ORGANIZATION"]);
/** Two or three digits: what they are is said by the words around them, so they are not looked for elsewhere. */
const contextualTypes = new Set(["AGE", "CREDIT_CARD_CVV"]);
const mostPieces = 24;

/**
 * Finds values again that are already known, in another case, with other marks, spaces or invisible characters; a
 * person also by parts of the name; numbers with other separators. Takes time linear in the text: a place is
 * compared only with the values that begin with its word.
 */
export class KnownValues {
  readonly #byFirstWord = new Map<string, Sequence[]>();
  readonly #compact = new Map<string, Compact>();
  readonly #compactStarts = new Set<string>();
  #longestCompact = 0;
  readonly #seen = new Set<string>();

  constructor(values: Iterable<KnownValue> = []) {
    for (const value of values) this.add(value);
  }

  add(known: KnownValue): void {
    if (contextualTypes.has(known.type)) return;
    const asWritten = wordsOf(known.value);
    this.#addSpelling(known, asWritten);
    if (namedTypes.has(known.type)) return;
    const meant = unhide(asWritten.normalized.text);
    if (meant !== undefined) this.#addSpelling({ ...known, value: meant.text }, wordsIn(meant));
  }

  #addSpelling(known: KnownValue, { normalized, words }: WordList): void {
    if (words.length === 0) return;
    const folded = words.map((word) => word.folded);
    const isNamed = namedTypes.has(known.type);
    this.#addSequence({
      words: folded,
      known,
      gaps: isNamed ? "loose" : separators(normalized.text, words),
      capitalOnly: isNamed && folded.every(isEverydayWord),
    });
    if (known.type === "PERSON") this.#addParts(known, folded);
    if (isNumberLike(known)) this.#addCompact(known, folded.join(""));
  }

  #addParts(known: KnownValue, folded: readonly string[]): void {
    const own = nameWords(folded);
    if (own.length > 1 && own.length < folded.length) {
      this.#addSequence({ words: own, known, gaps: "loose", capitalOnly: false });
    }
    for (const word of own) {
      if (!standsAlone(word)) continue;
      this.#addSequence({ words: [word], known, gaps: "loose", capitalOnly: isEverydayWord(word) });
    }
  }

  #addSequence(sequence: Sequence): void {
    const identity = JSON.stringify([sequence.words, sequence.known.type, sequence.gaps, sequence.capitalOnly]);
    const [first] = sequence.words;
    if (first === undefined || this.#seen.has(`${identity}${sequence.known.label}`)) return;
    this.#seen.add(`${identity}${sequence.known.label}`);
    const others = this.#byFirstWord.get(first) ?? [];
    others.push(sequence);
    others.sort((a, b) => b.words.length - a.words.length);
    this.#byFirstWord.set(first, others);
  }

  #addCompact(known: KnownValue, compact: string): void {
    this.#compact.set(compact, { known });
    this.#compactStarts.add(compact.slice(0, 2));
    this.#longestCompact = Math.max(this.#longestCompact, compact.length);
  }

  /**
   * Every place where a known value stands, as it is or spelt out, taken apart and disguised, from left to right, none
   * overlapping another.
   */
  find(text: string): KnownPlace[] {
    if (this.#byFirstWord.size === 0) return [];
    const list = wordsOf(text);
    const places = this.#findIn(list);
    const meant = unhide(list.normalized.text);
    if (meant === undefined) return places;
    const hidden = this.#findIn(wordsIn(meant)).map(({ start, end, ...known }) => ({
      ...known,
      ...list.normalized.toOriginal(start, end),
    }));
    return merged(places, hidden);
  }

  /** Offsets are those of the text from which the words were taken. */
  #findIn(list: WordList): KnownPlace[] {
    const places: KnownPlace[] = [];
    for (let at = 0; at < list.words.length;) {
      const match = this.#sequenceAt(list, at) ?? this.#compactAt(list, at);
      if (match === undefined) {
        at++;
        continue;
      }
      const start = list.words[at]?.start ?? 0;
      const end = list.words[at + match.length - 1]?.end ?? start;
      places.push({ ...list.normalized.toOriginal(start, end), type: match.known.type, label: match.known.label });
      at += match.length;
    }
    return places;
  }

  #sequenceAt(list: WordList, at: number): { known: KnownValue; length: number } | undefined {
    const first = list.words[at];
    if (first === undefined) return undefined;
    for (const sequence of this.#byFirstWord.get(first.folded) ?? []) {
      if (matchesAt(sequence, list, at)) return { known: sequence.known, length: sequence.words.length };
    }
    return undefined;
  }

  #compactAt(list: WordList, at: number): { known: KnownValue; length: number } | undefined {
    if (this.#compact.size === 0) return undefined;
    let compact = "";
    for (let length = 1; length <= mostPieces; length++) {
      const word = list.words[at + length - 1];
      if (word === undefined) return undefined;
      if (length > 1 && gapBefore(list, at + length - 1).length > 3) return undefined;
      compact += word.folded;
      if (compact.length > this.#longestCompact) return undefined;
      if (compact.length >= 2 && !this.#compactStarts.has(compact.slice(0, 2))) return undefined;
      const found = this.#compact.get(compact);
      if (found !== undefined) return { known: found.known, length };
    }
    return undefined;
  }
}

/** Places of both, sorted; where they overlap, what begins first counts, and of those the first list. */
function merged(first: readonly KnownPlace[], second: readonly KnownPlace[]): KnownPlace[] {
  const kept: KnownPlace[] = [];
  let end = 0;
  for (const place of [...first, ...second].sort((a, b) => a.start - b.start)) {
    if (place.start < end) continue;
    kept.push(place);
    end = place.end;
  }
  return kept;
}

function matchesAt(sequence: Sequence, list: WordList, at: number): boolean {
  for (const [offset, wanted] of sequence.words.entries()) {
    const word = list.words[at + offset];
    if (word === undefined || word.folded !== wanted) return false;
    if (offset > 0 && !gapFits(sequence, offset - 1, gapBefore(list, at + offset))) return false;
  }
  const [first] = [list.words[at]];
  return !sequence.capitalOnly || (first !== undefined && isCapitalized(list, first));
}

function gapFits(sequence: Sequence, index: number, gap: string): boolean {
  if (sequence.gaps === "loose") return gap.length <= 3 || gap.trim() === "";
  return gap.replace(/\s/g, "") === sequence.gaps[index];
}

function isCapitalized(list: WordList, word: Word): boolean {
  return /^\p{Lu}/u.test(list.normalized.text.slice(word.start, word.end));
}

function gapBefore(list: WordList, at: number): string {
  return list.normalized.text.slice(list.words[at - 1]?.end ?? 0, list.words[at]?.start ?? 0);
}

function separators(text: string, words: readonly Word[]): string[] {
  return words.slice(1).map((word, index) => text.slice(words[index]?.end ?? 0, word.start).replace(/\s/g, ""));
}

/** Cards, accounts and telephones: six digits and no sign that belongs to the value. */
function isNumberLike({ value, type }: KnownValue): boolean {
  if (type === "EMAIL_ADDRESS" || type === "URL" || type === "IP_ADDRESS" || type === "SECRET") return false;
  return value.replace(/\P{N}/gu, "").length >= 6;
}

/** The form by which two spellings of one value are recognized as the same. */
export function valueKey(known: { readonly value: string; readonly type: string }): string {
  const asWritten = wordsOf(known.value);
  if (asWritten.words.length === 0) return asWritten.normalized.text;
  if (namedTypes.has(known.type)) return asWritten.words.map((word) => word.folded).join(" ");
  const meant = unhide(asWritten.normalized.text);
  const { normalized, words } = meant === undefined ? asWritten : wordsIn(meant);
  const folded = words.map((word) => word.folded);
  if (isNumberLike({ ...known, value: normalized.text, label: "" })) return folded.join("");
  const gaps = separators(normalized.text, words);
  return folded.map((word, index) => (index === 0 ? word : (gaps[index - 1] ?? "") + word)).join("");
}
