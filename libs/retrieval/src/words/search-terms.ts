import { stemmer } from "stemmer";
import { stopWords } from "./stop-words.ts";

const placeholderOrWord = /\[[A-Z][A-Z_]*(?:_\d+(?:\.\d+)?)?\]|[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu;
const unspacedScript = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const wordSegmenter = new Intl.Segmenter("und", { granularity: "word" });

const ascii = /^[\u0000-\u007f]*$/u;

/**
 * The terms that stand for a text in a search, in order, with repeats: lower case, without diacritics, English words by
 * their Porter stem, without stop words. A placeholder such as `[PERSON_1]` is one term, and its
 * other spelling `[PERSON_1.2]` is the same one. Scripts that put no space
 * between words are cut by the Unicode dictionaries (UAX #29).
 */
export function searchTerms(text: string): string[] {
  return new TermReader().termsOf(text);
}

/** Reads many texts and works out each word once. It remembers words: keep it no longer than one search. */
export class TermReader {
  readonly #termOfWord = new Map<string, string | undefined>();

  /** As `searchTerms`. */
  termsOf(text: string): string[] {
    const terms: string[] = [];
    const isAscii = ascii.test(text);
    for (const token of (isAscii ? text : withoutDiacritics(text)).match(placeholderOrWord) ?? []) {
      if (token.startsWith("[")) terms.push(token.toLowerCase().replace(/\.\d+\]$/u, "]"));
      else if (!isAscii && unspacedScript.test(token)) terms.push(...unspacedTerms(token));
      else {
        const term = this.#termOf(token);
        if (term !== undefined) terms.push(term);
      }
    }
    return terms;
  }

  #termOf(token: string): string | undefined {
    if (this.#termOfWord.has(token)) return this.#termOfWord.get(token);
    const term = wordTerm(token);
    this.#termOfWord.set(token, term);
    return term;
  }
}

function withoutDiacritics(text: string): string {
  return text.normalize("NFKD").replace(/\p{Mn}/gu, "");
}

function wordTerm(token: string): string | undefined {
  const word = token.toLowerCase().replaceAll("’", "'");
  if (stopWords.has(word)) return undefined;
  const base = word.replace(/'s$/u, "").replaceAll("'", "");
  if (base === "" || stopWords.has(base)) return undefined;
  if (base.length === 1 && !/\p{N}/u.test(base)) return undefined;
  return /^[a-z]+$/u.test(base) ? stemmer(base) : base;
}

function unspacedTerms(token: string): string[] {
  const terms: string[] = [];
  for (const { segment, isWordLike } of wordSegmenter.segment(token)) {
    if (isWordLike === true) terms.push(segment.toLowerCase());
  }
  return terms;
}
