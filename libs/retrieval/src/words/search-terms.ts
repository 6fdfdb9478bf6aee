import { stemmer } from "stemmer";
import { stopWords } from "./stop-words.ts";

const placeholderOrWord = /\[[A-Z][A-Z_]*(?:_\d+(?:\.\d+)?)?\]|[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu;
const unspacedScript = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const wordSegmenter = new Intl.Segmenter("und", { granularity: "word" });

/**
 * The terms that stand for a text in a search, in order, with repeats: lower case, without diacritics, English words by
 * their Porter stem, without stop words. A placeholder such as `[PERSON_1]` is one term, and its
 * other spelling `[PERSON_1.2]` is the same one. Scripts that put no space
 * between words are cut by the Unicode dictionaries (UAX #29).
 */
export function searchTerms(text: string): string[] {
  const terms: string[] = [];
  for (const [token] of withoutDiacritics(text).matchAll(placeholderOrWord)) {
    if (token.startsWith("[")) terms.push(token.toLowerCase().replace(/\.\d+\]$/u, "]"));
    else if (unspacedScript.test(token)) terms.push(...unspacedTerms(token));
    else {
      const term = wordTerm(token);
      if (term !== undefined) terms.push(term);
    }
  }
  return terms;
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
