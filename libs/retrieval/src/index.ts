export { defaultPassageSize, splitPassages, type PassageSize } from "./passages/split-passages.ts";
export { searchTerms } from "./words/search-terms.ts";
export {
  defaultWordSearchLimits,
  searchWords,
  type Searchable,
  type WordHit,
  type WordQuery,
  type WordSearchLimits,
} from "./words/word-search.ts";
