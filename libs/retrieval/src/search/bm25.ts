import type { Searchable, SearchIndex } from "./search-index.ts";

/** Robertson and Zaragoza 2009: how soon repeats stop counting, and how much a long text is held against it. */
const saturation = 1.2;
const lengthNorm = 0.7;

/** What no item can exceed. */
export function highestBm25(weights: ReadonlyMap<string, number>): number {
  return [...weights.values()].reduce((sum, weight) => sum + weight, 0) * (saturation + 1);
}

export interface Scored<T extends Searchable> {
  readonly index: SearchIndex<T>;
  /** By position; 0 where no term is. */
  readonly scores: Float64Array;
}

/** Okapi BM25 of every item, the indexes' lengths taken together. `weights`: of each term of the query. */
export function bm25<T extends Searchable>(
  weights: ReadonlyMap<string, number>,
  indexes: readonly SearchIndex<T>[],
): Scored<T>[] {
  const items = indexes.reduce((sum, { size }) => sum + size, 0);
  const meanLength = indexes.reduce((sum, { totalLength }) => sum + totalLength, 0) / Math.max(1, items);
  return indexes.map((index) => {
    const scores = new Float64Array(index.size);
    for (const [term, weight] of weights) {
      const postings = index.postings(term);
      if (postings === undefined) continue;
      for (const [n, position] of postings.positions.entries()) {
        const frequency = postings.frequencies[n] ?? 0;
        const norm = 1 - lengthNorm + (lengthNorm * index.lengthOf(position)) / Math.max(1, meanLength);
        const gain = (frequency * (saturation + 1)) / (frequency + saturation * norm);
        scores[position] = (scores[position] ?? 0) + weight * gain;
      }
    }
    return { index, scores };
  });
}
