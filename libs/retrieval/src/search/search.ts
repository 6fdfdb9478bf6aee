import { TermReader } from "../words/search-terms.ts";
import { bm25, highestBm25 } from "./bm25.ts";
import { coverageOf, rarityIn, type Rarity } from "./coverage.ts";
import { best } from "./best.ts";
import type { Searchable, SearchIndex } from "./search-index.ts";

export interface SearchQuery {
  readonly question: string;
  /** What came before, for a question that can't be understood alone ("how long does it take?"); else absent. */
  readonly context?: string;
  /** Of the question, or of both; without it only words are searched. */
  readonly vector?: Float32Array;
}

export interface SearchHit<T extends Searchable> {
  readonly item: T;
  /** The share of a sentence's terms, weighted by their rarity, that the item has: 0 to 1. */
  readonly coverage: number;
  /** -1 to 1; 0 where there is no vector on one side. */
  readonly cosine: number;
  /** What the order comes from; comparable within one search only. */
  readonly score: number;
}

export interface SearchLimits<T extends Searchable> {
  readonly maxHits: number;
  /** A hit needs one of the two; below both it is no answer to the question. */
  readonly minCoverage: number;
  readonly minCosine: number;
  /** Which items may be found at all; all unless said. */
  readonly accepts?: (item: T) => boolean;
}

export const defaultSearchLimits = { maxHits: 8, minCoverage: 0.34, minCosine: 0.65 } as const;

/** What a full match of words counts beside a cosine of 1. */
const wordShare = 0.5;
const contextWeight = 0.5;
/** So many of the best are looked at more closely. */
const mostRanked = 50;

interface Ranked<T extends Searchable> {
  readonly index: SearchIndex<T>;
  readonly position: number;
  readonly item: T;
  readonly cosine: number;
  readonly score: number;
}

/**
 * The items that speak of a question, best first, by words and by vectors together: the cosine, and beside it the share
 * of the BM25 score that an item full of the question's words would have. A word that no item has lowers the share for
 * all, so that a typing error leaves the decision to the vectors. An item that has too little of any sentence of the
 * question (or else of its context), and whose vector lies too far away, is left out: a question about something else
 * finds nothing. Nothing of the query is kept longer than the call.
 */
export function search<T extends Searchable>(
  query: SearchQuery,
  indexes: readonly SearchIndex<T>[],
  limits: SearchLimits<T> = defaultSearchLimits,
): SearchHit<T>[] {
  const reader = new TermReader();
  const rarity = rarityIn(indexes);
  const asked = [query.question, query.context ?? ""].flatMap((text) => sentenceTerms(text, reader));
  const hits: SearchHit<T>[] = [];
  for (const ranked of best(matches(query, indexes, { reader, rarity, ...limits }), mostRanked)) {
    const { index, position, item, cosine, score } = ranked;
    const coverage = Math.max(0, ...asked.map((terms) => coverageOf(terms, index, position, rarity)));
    if (coverage < limits.minCoverage && cosine < limits.minCosine) continue;
    hits.push({ item, coverage, cosine, score });
    if (hits.length === limits.maxHits) break;
  }
  return hits;
}

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });

function sentenceTerms(text: string, reader: TermReader): ReadonlySet<string>[] {
  return Array.from(sentences.segment(text), ({ segment }) => new Set(reader.termsOf(segment)));
}

interface Ranking<T extends Searchable> {
  readonly reader: TermReader;
  readonly rarity: Rarity;
  readonly accepts?: (item: T) => boolean;
}

function* matches<T extends Searchable>(
  query: SearchQuery,
  indexes: readonly SearchIndex<T>[],
  { reader, rarity, accepts = () => true }: Ranking<T>,
): Generator<Ranked<T>> {
  const weights = termWeights(query, reader, rarity);
  const highest = highestBm25(weights);
  for (const { index, scores } of bm25(weights, indexes)) {
    const cosines = query.vector === undefined ? undefined : index.cosines(query.vector);
    for (const [position, words] of scores.entries()) {
      const cosine = cosines?.[position] ?? 0;
      if (words === 0 && cosine <= 0) continue;
      const item = index.item(position);
      if (item === undefined || !accepts(item)) continue;
      yield { index, position, item, cosine, score: cosine + (words === 0 ? 0 : (wordShare * words) / highest) };
    }
  }
}

function termWeights({ question, context = "" }: SearchQuery, reader: TermReader, rarity: Rarity): Map<string, number> {
  const weights = new Map<string, number>();
  for (const term of reader.termsOf(context)) weights.set(term, rarity(term) * contextWeight);
  for (const term of reader.termsOf(question)) weights.set(term, rarity(term));
  return weights;
}
