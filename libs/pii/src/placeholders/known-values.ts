import { isEverydayWord, nameWords, standsAlone } from "./name-parts.ts";
import { unhide } from "../unhide/unhide.ts";
import { CompactTrie } from "./compact-trie.ts";
import { SequenceTrie } from "./sequence-trie.ts";
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

/** The words of a text, and those of what is meant where something in it is spelt out, taken apart or disguised. */
export interface ReadText {
  readonly asWritten: WordList;
  readonly asMeant: WordList | undefined;
}

export function readText(text: string): ReadText {
  const asWritten = wordsOf(text);
  const meant = unhide(asWritten.normalized.text);
  return { asWritten, asMeant: meant && wordsIn(meant) };
}

const namedTypes = new Set(["PERSON", "LOCATION", "ORGANIZATION"]);
/** Two or three digits: what they are is said by the words around them, so they are not looked for elsewhere. */
const contextualTypes = new Set(["AGE", "CREDIT_CARD_CVV"]);

/**
 * Finds values again that are already known, in another case, with other marks, spaces or invisible characters; a
 * person also by parts of the name; numbers with other separators. Takes time linear in the text, however many values
 * there are.
 */
export class KnownValues {
  readonly #sequences = new SequenceTrie<KnownValue>();
  readonly #compact = new CompactTrie<KnownValue>();
  readonly #added = new Set<string>();

  constructor(values: Iterable<KnownValue> = []) {
    for (const value of values) this.add(value);
  }

  /** How many different values it looks for. */
  get size(): number {
    return this.#added.size;
  }

  add(known: KnownValue): void {
    if (contextualTypes.has(known.type)) return;
    const identity = `${known.type}\0${known.label}\0${known.value}`;
    if (this.#added.has(identity)) return;
    this.#added.add(identity);
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
    this.#sequences.add({
      words: folded,
      value: known,
      gaps: isNamed ? "loose" : separators(normalized.text, words),
      capitalOnly: isNamed && folded.every(isEverydayWord),
    });
    if (known.type === "PERSON") this.#addParts(known, folded);
    if (isNumberLike(known)) this.#compact.set(folded.join(""), known);
  }

  #addParts(known: KnownValue, folded: readonly string[]): void {
    const own = nameWords(folded);
    if (own.length > 1 && own.length < folded.length) {
      this.#sequences.add({ words: own, value: known, gaps: "loose", capitalOnly: false });
    }
    for (const word of own) {
      if (!standsAlone(word)) continue;
      this.#sequences.add({ words: [word], value: known, gaps: "loose", capitalOnly: isEverydayWord(word) });
    }
  }

  /**
   * Every place where a known value stands, as it is or spelt out, taken apart and disguised, from left to right, none
   * overlapping another.
   */
  find(text: string): KnownPlace[] {
    return this.#sequences.size === 0 ? [] : this.findIn(readText(text));
  }

  /** The same for a text that is searched more than once. */
  findIn({ asWritten, asMeant }: ReadText): KnownPlace[] {
    const places = this.#findIn(asWritten);
    if (asMeant === undefined) return places;
    const hidden = this.#findIn(asMeant).map(({ start, end, ...known }) => ({
      ...known,
      ...asWritten.normalized.toOriginal(start, end),
    }));
    return merged(places, hidden);
  }

  /** Offsets are those of the text from which the words were taken. */
  #findIn(list: WordList): KnownPlace[] {
    const places: KnownPlace[] = [];
    for (let at = 0; at < list.words.length;) {
      const match = this.#sequences.longestAt(list, at) ?? this.#compact.shortestAt(list, at);
      if (match === undefined) {
        at++;
        continue;
      }
      const start = list.words[at]?.start ?? 0;
      const end = list.words[at + match.length - 1]?.end ?? start;
      places.push({ ...list.normalized.toOriginal(start, end), type: match.value.type, label: match.value.label });
      at += match.length;
    }
    return places;
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
