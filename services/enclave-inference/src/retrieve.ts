import { idToHex } from "@cloister/envelope";
import { searchWords } from "@cloister/retrieval";
import { wordQuery } from "./model/follow-up.ts";
import type { ModelPassage } from "./model/model-runtime.ts";
import { wordsForPlaceholders } from "./model/placeholder-words.ts";
import type { OpenedPassage } from "./open-passages.ts";
import type { RecalledTurn } from "./recall.ts";

/** A passage as the model gets it, and whose placeholders it has. */
export interface RetrievedPassage extends ModelPassage {
  readonly isOwn: boolean;
}

/**
 * The passages that speak of a question, best first. The question itself and the turns that the model is given anyway
 * are left out: embedding may have been faster.
 */
export function retrieve(
  question: { readonly text: string; readonly causeId: Uint8Array },
  turns: readonly RecalledTurn[],
  passages: readonly OpenedPassage[],
): RetrievedPassage[] {
  const known = new Set([question, ...turns].map(({ causeId }) => idToHex(causeId)));
  const searchable = passages
    .filter(({ causeId }) => !known.has(idToHex(causeId)))
    .map((passage) => ({ passage, title: titleOf(passage), text: passage.text }));
  return searchWords(wordQuery(question.text, turns), searchable).map(({ item }) => toRetrieved(item.passage));
}

function titleOf({ origin, text, source }: OpenedPassage): string {
  return origin === "knowledge" ? (source?.title ?? "") : wordsForPlaceholders(text);
}

function toRetrieved({ origin, text, source }: OpenedPassage): RetrievedPassage {
  return {
    origin: origin === "knowledge" ? "knowledge" : "conversation",
    isOwn: origin === "own",
    text,
    ...(source && { source }),
  };
}
