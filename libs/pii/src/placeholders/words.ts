import { normalize, type NormalizedText } from "../normalize.ts";

/** A word of a text: where it stands (in the normalized text) and its folded form, by which words are compared. */
export interface Word {
  readonly start: number;
  readonly end: number;
  readonly folded: string;
}

export interface WordList {
  readonly normalized: NormalizedText;
  readonly words: readonly Word[];
}

// In scripts without spaces each character is a word of its own, so that a name is found inside a sentence.
const wordPattern =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]|[[\p{L}\p{M}\p{N}]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]]+/gv;

export function wordsOf(text: string): WordList {
  return wordsIn(normalize(text));
}

export function wordsIn(normalized: NormalizedText): WordList {
  const words: Word[] = [];
  for (const match of normalized.text.matchAll(wordPattern)) {
    words.push({ start: match.index, end: match.index + match[0].length, folded: fold(match[0]) });
  }
  return { normalized, words };
}

/** What stands between that word and the one before it. */
export function gapBefore(list: WordList, at: number): string {
  return list.normalized.text.slice(list.words[at - 1]?.end ?? 0, list.words[at]?.start ?? 0);
}

/** Without case and without marks: "GONZÁLEZ" and "gonzalez" are one word. */
function fold(word: string): string {
  if (/^[a-z0-9]*$/.test(word)) return word;
  let folded = "";
  for (let at = 0; at < word.length; at++) {
    const unit = word.charCodeAt(at);
    const known = (foldedUnits[unit] ??= isFoldedAlone(unit) ? foldAll(word.charAt(at)) : null);
    if (known === null) return foldAll(word);
    folded += known;
  }
  return folded;
}

/** What each UTF-16 unit is folded to, once it was asked for; null where that depends on the units beside it. */
const foldedUnits: (string | null | undefined)[] = [];

/** Not halves of a character, and not sigma, whose small form at the end of a word is another. */
function isFoldedAlone(unit: number): boolean {
  return !(unit >= 0xd800 && unit <= 0xdfff) && unit !== 0x3a3;
}

function foldAll(word: string): string {
  return word.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ß", "ss");
}
