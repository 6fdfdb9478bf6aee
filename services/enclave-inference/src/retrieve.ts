import { idToHex } from "@cloister/envelope";
import { search, type TextEmbedder } from "@cloister/retrieval";
import type { ConversationContext } from "./context.ts";
import { wordQuery } from "./model/follow-up.ts";
import type { ModelPassage } from "./model/model-runtime.ts";
import type { OpenedPassage } from "./open-passages.ts";

/** A passage as the model gets it, and whose placeholders it has. */
export interface RetrievedPassage extends ModelPassage {
  readonly isOwn: boolean;
}

/** Low enough for the question's vector to find one that it shares no word with; a model tells what is of use. */
const limits = { maxHits: 8, minCoverage: 0.34, minCosine: 0.65 };

/**
 * The passages that speak of a question, by words and by vectors, best first. The question itself and the turns that the
 * model is given anyway are left out: embedding may have been faster.
 */
export async function retrieve(
  question: { readonly text: string; readonly causeId: Uint8Array },
  { turns, passages, stored }: ConversationContext,
  embedder: TextEmbedder,
): Promise<RetrievedPassage[]> {
  if (stored.length === 0 && passages.every(({ size }) => size === 0)) return [];
  const known = new Set([question, ...turns].map(({ causeId }) => idToHex(causeId)));
  const query = wordQuery(question.text, turns);
  const [vector] = await embedder.embed([[query.context ?? "", query.question].join("\n")]);
  const searched = [...passages];
  for (const segment of stored) searched.push(await segment.near(vector));
  const accepts = ({ causeIdHex }: OpenedPassage): boolean => !known.has(causeIdHex);
  return search({ ...query, ...(vector && { vector }) }, searched, { ...limits, accepts }).map(({ item }) =>
    toRetrieved(item),
  );
}

function toRetrieved({ origin, text, source }: OpenedPassage): RetrievedPassage {
  return {
    origin: origin === "knowledge" ? "knowledge" : "conversation",
    isOwn: origin === "own",
    text,
    ...(source && { source }),
  };
}
