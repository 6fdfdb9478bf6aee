import { searchTerms, type SearchQuery } from "@cloister/retrieval";
import type { ModelTurn } from "./model-runtime.ts";

const pointsBack = /\b(?:it|its|this|that|these|those|they|them|their|one|ones|there|same|then|he|him|his|she|her)\b/iu;
const opensAsFollowUp = /^\s*(?:and|but|so|or|what about|how about|why not|also)\b/iu;
const maxTurnsBack = 3;

/**
 * The words to search for. A question that points back ("how long does it take?") or says too little alone brings the
 * questions before it along, back to the last one that stands by itself.
 */
export function wordQuery(question: string, turns: readonly ModelTurn[]): Omit<SearchQuery, "vector"> {
  if (standsAlone(question)) return { question };
  const context: string[] = [];
  for (const turn of turns.slice(-maxTurnsBack).reverse()) {
    context.push(turn.question);
    if (standsAlone(turn.question)) break;
  }
  return context.length === 0 ? { question } : { question, context: context.reverse().join("\n") };
}

function standsAlone(question: string): boolean {
  if (opensAsFollowUp.test(question)) return false;
  const terms = new Set(searchTerms(question)).size;
  return pointsBack.test(question) ? terms >= 5 : terms >= 2;
}
