import MiniSearch from "minisearch";
import { TermReader } from "./search-terms.ts";

export interface Searchable {
  /** Empty when it has none. */
  title: string;
  text: string;
}

export interface WordQuery {
  question: string;
  /** What came before, for a question that can't be understood alone ("how long does it take?"); else absent. */
  context?: string;
}

export interface WordHit<T extends Searchable> {
  item: T;
  /** BM25+; comparable within one search only. */
  score: number;
  /** The share of the query's terms, weighted by their rarity, that the item has: 0 to 1. */
  coverage: number;
}

export interface WordSearchLimits {
  maxHits: number;
  /** A hit below this coverage is no answer to the question, whatever its score. */
  minCoverage: number;
  /** A hit below this share of the best hit's score is left out. */
  minShareOfBest: number;
}

const defaultWordSearchLimits: WordSearchLimits = { maxHits: 8, minCoverage: 0.34, minShareOfBest: 0.25 };

/** Texts that every collection is imagined to hold besides its own, so that in a handful of texts a word is still rare. */
const backgroundTexts = 20;
/** A word that a third of all texts share says nothing alone, even when it is all that a sentence asks for. */
const minCoveredRarity = 1;
const contextBoost = 0.5;
const titleBoost = 1.5;
const sentences = new Intl.Segmenter("en", { granularity: "sentence" });

/**
 * The items that speak of the query's words, best first: BM25 over title and text (MiniSearch), with a floor on how much
 * of a sentence of the question (or else of its context) an item covers, so that a question about something else finds
 * nothing. Nothing of the query or the items is kept longer than the call.
 */
export function searchWords<T extends Searchable>(
  query: WordQuery,
  items: readonly T[],
  limits: WordSearchLimits = defaultWordSearchLimits,
): WordHit<T>[] {
  const reader = new TermReader();
  const texts = items.map(({ title, text }): TermsOfItem => ({
    title: reader.termsOf(title),
    text: reader.termsOf(text),
  }));
  const rarity = rarityIn(texts);
  const questionTerms = new Set(reader.termsOf(query.question));
  const contextTerms = new Set(reader.termsOf(query.context ?? "").filter((term) => !questionTerms.has(term)));
  const asked = [query.question, query.context ?? ""].flatMap((text) => sentenceTerms(text, reader));

  const hits: WordHit<T>[] = [];
  for (const { position, score, terms } of matchesIn(texts, [...questionTerms, ...contextTerms], contextTerms)) {
    const item = items[position];
    if (item === undefined) continue;
    const coverage = Math.max(0, ...asked.map((wanted) => coverageOf(wanted, terms, rarity)));
    if (coverage >= limits.minCoverage) hits.push({ item, score, coverage });
  }
  const best = Math.max(0, ...hits.map((hit) => hit.score));
  return hits.filter((hit) => hit.score >= best * limits.minShareOfBest).slice(0, limits.maxHits);
}

interface Match {
  position: number;
  score: number;
  terms: ReadonlySet<string>;
}

/** Of an item, each field's terms in order. */
interface TermsOfItem {
  title: readonly string[];
  text: readonly string[];
}

function matchesIn(
  texts: readonly TermsOfItem[],
  terms: readonly string[],
  contextTerms: ReadonlySet<string>,
): Match[] {
  const index = new MiniSearch<{ position: number; title: string; text: string }>({
    idField: "position",
    fields: ["title", "text"],
    tokenize: (joined) => (joined === "" ? [] : joined.split(termSeparator)),
    processTerm: (term) => term,
  });
  index.addAll(
    texts.map(({ title, text }, position) => ({
      position,
      title: title.join(termSeparator),
      text: text.join(termSeparator),
    })),
  );
  const results = index.search(terms.join(termSeparator), {
    boost: { title: titleBoost },
    boostTerm: (term) => (contextTerms.has(term) ? contextBoost : 1),
  });
  return results.map((result) => ({
    position: Number(result.id),
    score: result.score,
    terms: new Set(result.queryTerms),
  }));
}

/** No term holds it: terms are words. */
const termSeparator = "\u0000";

function sentenceTerms(text: string, reader: TermReader): ReadonlySet<string>[] {
  return Array.from(sentences.segment(text), ({ segment }) => new Set(reader.termsOf(segment)));
}

/** How much a term tells (the IDF of BM25). A placeholder that no item has tells nothing: it names somebody. */
function rarityIn(texts: readonly TermsOfItem[]): (term: string) => number {
  const frequency = new Map<string, number>();
  for (const { title, text } of texts) {
    for (const term of new Set([...title, ...text])) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  }
  const total = texts.length + backgroundTexts;
  return (term) => {
    const having = frequency.get(term) ?? 0;
    if (having === 0 && term.startsWith("[")) return 0;
    return Math.log(1 + (total - having + 0.5) / (having + 0.5));
  };
}

function coverageOf(wanted: ReadonlySet<string>, found: ReadonlySet<string>, rarity: (term: string) => number): number {
  let total = 0;
  let covered = 0;
  for (const term of wanted) {
    total += rarity(term);
    if (found.has(term)) covered += rarity(term);
  }
  return covered < minCoveredRarity ? 0 : covered / total;
}
