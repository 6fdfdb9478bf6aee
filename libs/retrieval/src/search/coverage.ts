import type { Searchable, SearchIndex } from "./search-index.ts";

/** How much a term tells. */
export type Rarity = (term: string) => number;

/** Texts that every collection is imagined to hold besides its own, so that in a handful of texts a word is still rare. */
const backgroundTexts = 20;
/** A word that a third of all texts share says nothing alone, even when it is all that a sentence asks for. */
const minCoveredRarity = 1;

/** The IDF of BM25 over all indexes. A placeholder that no item has tells nothing: it names somebody. */
export function rarityIn<T extends Searchable>(indexes: readonly SearchIndex<T>[]): Rarity {
  const known = new Map<string, number>();
  const total = backgroundTexts + indexes.reduce((sum, { size }) => sum + size, 0);
  function rarityOf(term: string): number {
    const having = indexes.reduce((sum, index) => sum + (index.postings(term)?.positions.length ?? 0), 0);
    if (having === 0 && term.startsWith("[")) return 0;
    return Math.log(1 + (total - having + 0.5) / (having + 0.5));
  }
  return (term) => {
    const rarity = known.get(term) ?? rarityOf(term);
    known.set(term, rarity);
    return rarity;
  };
}

/** The share of the wanted terms, by their rarity, that an item has. */
export function coverageOf<T extends Searchable>(
  wanted: ReadonlySet<string>,
  index: SearchIndex<T>,
  position: number,
  rarity: Rarity,
): number {
  let total = 0;
  let covered = 0;
  for (const term of wanted) {
    total += rarity(term);
    if (index.has(position, term)) covered += rarity(term);
  }
  return covered < minCoveredRarity ? 0 : covered / total;
}
