import type { ListName } from "../src/names/lexicon.ts";
import { WordSet } from "../src/names/word-set.ts";
import type { WordLists } from "./word-lists.ts";

/** The lexicon's filters: single words in lower case, as the tokenizer cuts them. */
export function filtersFrom(lists: WordLists): Readonly<Record<ListName, WordSet>> {
  const common = lists.commonWords;
  const places = [...lists.cities, ...lists.countries, ...lists.regions];
  return {
    givenName: WordSet.of(wordsOf(lists.givenNames)),
    familyName: WordSet.of(wordsOf(lists.familyNames)),
    place: WordSet.of(wordsOf(places.filter((name) => !/[\s-]/.test(name)))),
    placePart: WordSet.of(wordsOf(places.filter((name) => /[\s-]/.test(name))).filter((word) => word.length > 2)),
    common300: WordSet.of(common.slice(0, 300)),
    common2000: WordSet.of(common.slice(300, 2000)),
    common8000: WordSet.of(common.slice(2000, 8000)),
    common30000: WordSet.of(common.slice(8000, 30_000)),
  };
}

function wordsOf(names: readonly string[]): string[] {
  const words = names.flatMap(
    (name) =>
      name
        .normalize("NFKC")
        .toLowerCase()
        .match(/[\p{L}\p{M}]+/gu) ?? [],
  );
  return [...new Set(words)].filter((word) => word.length > 1);
}
