export interface SimilarWord {
  /** Its place among the known words. */
  readonly row: number;
  /** How surely it stands for the unknown one, up to 1. */
  readonly weight: number;
}

/** In shorter words an edit makes too often another word. */
const leastLettersForTypo = 4;
const weightOfTypo = 0.9;
/** Letter pairs that two words share, against those that they have (Dice): from here on they are forms of one word. */
const leastShare = 0.6;
const mostForms = 3;
const mostCandidates = 40;

/**
 * Finds known words for an unknown one, by the letter pairs that they share: the word that it is a typing error of, else
 * up to three others that look like its forms. Built from the words alone.
 */
export class SimilarWords {
  readonly #words: readonly string[];
  readonly #pairCounts: Uint8Array;
  /** By letter pair, the rows of the words that have it, ascending. */
  readonly #rowsWith = new Map<string, number[]>();
  readonly #shared: Uint8Array;

  /** Words in the order of their frequency: of two that are as similar, the more frequent one is meant. */
  constructor(words: readonly string[]) {
    this.#words = words;
    this.#pairCounts = new Uint8Array(words.length);
    this.#shared = new Uint8Array(words.length);
    for (const [row, word] of words.entries()) {
      const pairs = letterPairs(word);
      this.#pairCounts[row] = pairs.size;
      for (const pair of pairs) {
        const rows = this.#rowsWith.get(pair);
        if (rows === undefined) this.#rowsWith.set(pair, [row]);
        else rows.push(row);
      }
    }
  }

  find(word: string): SimilarWord[] {
    if (word.length < leastLettersForTypo || word.length > mostLetters) return [];
    const candidates = this.#candidates(word);
    const typo = candidates.find(({ row }) => isOneEditAway(word, this.#words[row] ?? ""));
    if (typo !== undefined) return [{ row: typo.row, weight: weightOfTypo }];
    const forms = candidates.filter(({ share }) => share >= leastShare).slice(0, mostForms);
    return forms.map(({ row, share }) => ({ row, weight: share / forms.length }));
  }

  /** Best first. */
  #candidates(word: string): { row: number; share: number }[] {
    const pairs = letterPairs(word);
    const touched: number[] = [];
    const shared = this.#shared;
    for (const pair of pairs) {
      for (const row of this.#rowsWith.get(pair) ?? []) {
        const count = shared[row] ?? 0;
        if (count === 0) touched.push(row);
        shared[row] = count + 1;
      }
    }
    const candidates: { row: number; share: number }[] = [];
    for (const row of touched) {
      const share = (2 * (shared[row] ?? 0)) / (pairs.size + (this.#pairCounts[row] ?? 0));
      shared[row] = 0;
      if (share >= leastShareOfCandidate) candidates.push({ row, share });
    }
    return candidates.sort((one, other) => other.share - one.share || one.row - other.row).slice(0, mostCandidates);
  }
}

/** Two letters swapped in a word of four leave two pairs of five. */
const leastShareOfCandidate = 0.4;
/** Longer ones are no words. */
const mostLetters = 30;

function letterPairs(word: string): Set<string> {
  const framed = `^${word}$`;
  const pairs = new Set<string>();
  for (let at = 0; at + 1 < framed.length; at++) pairs.add(framed.slice(at, at + 2));
  return pairs;
}

/** One letter more, less, another, or two neighbours swapped. */
export function isOneEditAway(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start++;
  if (short.length < long.length) return short.slice(start) === long.slice(start + 1);
  const isOtherLetter = short.slice(start + 1) === long.slice(start + 1);
  const isSwapped = short[start] === long[start + 1] && short[start + 1] === long[start];
  return isOtherLetter || (isSwapped && short.slice(start + 2) === long.slice(start + 2));
}
