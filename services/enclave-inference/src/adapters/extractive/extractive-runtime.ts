import {
  quantized,
  search,
  SearchIndex,
  staticEmbedder,
  type SearchQuery,
  type TextEmbedder,
} from "@cloister/retrieval";
import { wordQuery } from "../../model/follow-up.ts";
import {
  ModelError,
  type ModelAnswer,
  type ModelEvent,
  type ModelPassage,
  type ModelRequest,
  type ModelRuntime,
  type ModelTurn,
} from "../../model/model-runtime.ts";
import { wordsForPlaceholders } from "../../model/placeholder-words.ts";
import { introducedPerson } from "./introduction.ts";
import { isQuestion } from "./question.ts";
import { sentencesOf } from "./sentences.ts";

const model = "extractive";
const nothingFound = "I found nothing about that in the sources I may use.";
const noted = "I have taken note of that.";
const maxSentences = 3;

/**
 * Answers with sentences of the passages, word for word, and names their source; says so when there is none. No model,
 * no network, no randomness: the same request gives the same answer.
 */
export function extractiveRuntime(embedder: TextEmbedder = staticEmbedder()): ModelRuntime {
  return {
    async *answer(request, signal): AsyncIterable<ModelEvent> {
      const answer = await answerFrom(request, embedder);
      for (const [piece] of answer.text.matchAll(/\S+\s*/gu)) {
        if (signal.aborted) throw new ModelError("MODEL_ABORTED", "The caller gave up waiting for the answer.");
        yield { kind: "text", text: piece };
      }
      yield { kind: "final", answer };
    },
  };
}

async function answerFrom(request: ModelRequest, embedder: TextEmbedder): Promise<ModelAnswer> {
  const extract = await extractFor(request, embedder);
  const addressed = introducedPerson(request.question);
  const greeting = addressed === undefined ? "" : `Thank you, ${addressed}. `;
  if (extract === undefined) {
    return { text: greeting + (isQuestion(request.question) ? nothingFound : noted), sources: [], model };
  }
  return {
    text: greeting + wording(extract),
    sources: extract.from.source === undefined ? [] : [extract.from.source],
    model,
  };
}

const asksWhatWasSaid = /\b(?:did i|have i|i (?:told|said|gave|wrote|mentioned|asked)|remember|remind me)\b/iu;
const asksForOwnData = /\bmy\b/iu;

/**
 * From the knowledge base, else from what the user said; the other way round where a question asks for just that ("which
 * number did I give you?", "what is my number?"). What was said is searched by the question alone: by its context, the
 * turn before would always find itself.
 */
async function extractFor(
  { question, turns, passages }: ModelRequest,
  embedder: TextEmbedder,
): Promise<Extract | undefined> {
  const known = await bestExtract(knowledge(passages), wordQuery(question, turns), embedder);
  const own = isQuestion(question) ? await bestExtract(said(passages, turns), { question }, embedder) : undefined;
  if (own === undefined || known === undefined) return own ?? known;
  const holdsOwnData = own.sentences.some((sentence) => wordsForPlaceholders(sentence) !== "");
  const isAboutOwnData = asksForOwnData.test(question) && holdsOwnData && own.coverage > known.coverage;
  return asksWhatWasSaid.test(question) || isAboutOwnData ? own : known;
}

function wording({ from, sentences }: Extract): string {
  const quoted = sentences.join(" ");
  if (from.origin === "conversation") return `Earlier you wrote: “${quoted}”`;
  // Never by its id: that was not redacted, and what is answered here is given to a model in the next turn.
  const title = from.source?.title ?? "";
  return title === "" ? quoted : `${quoted} (Source: ${title})`;
}

interface Extract {
  from: ModelPassage;
  sentences: string[];
  coverage: number;
}

function knowledge(passages: readonly ModelPassage[]): ModelPassage[] {
  return passages.filter((passage) => passage.origin === "knowledge");
}

/** What the user stated earlier. A question of theirs answers nothing. */
function said(passages: readonly ModelPassage[], turns: readonly ModelTurn[]): ModelPassage[] {
  const earlier = passages.filter((passage) => passage.origin === "conversation").map(({ text }) => text);
  return [...earlier, ...turns.map((turn) => turn.question)]
    .map((text) => sentencesOf(text).filter((sentence) => !sentence.endsWith("?")))
    .filter((statements) => statements.length > 0)
    .map((statements) => ({ origin: "conversation", text: statements.join(" ") }));
}

interface Candidate {
  readonly title: string;
  readonly text: string;
  readonly vector?: Int8Array;
  readonly from: ModelPassage;
  readonly position: number;
}

/**
 * A sentence needs so much of the question's words, or a vector so near to the question's, to be an answer. Measured:
 * nineteen of twenty questions about what is known come above the cosine, three of a hundred about something else.
 */
const minCoverage = 0.25;
const minCosine = 0.75;
/** A sentence beside the best one is quoted from this share of its score on. */
const minShareOfBest = 0.6;

async function bestExtract(
  passages: readonly ModelPassage[],
  query: SearchQuery,
  embedder: TextEmbedder,
): Promise<Extract | undefined> {
  const candidates = await embedded(passages.flatMap(sentencesIn), embedder);
  const [vector] = await embedder.embed([[query.context ?? "", query.question].join("\n")]);
  const asked = { ...query, ...(vector && { vector }) };
  const limits = { maxHits: candidates.length, minCoverage, minCosine };
  const hits = search(asked, [new SearchIndex(candidates)], limits);
  const [best] = hits;
  if (best === undefined) return undefined;
  const top = best.item;
  const chosen = hits
    .filter(({ item, score }) => item.from === top.from && score >= best.score * minShareOfBest)
    .map(({ item }) => item)
    .slice(0, maxSentences)
    .sort((one, other) => one.position - other.position);
  return { from: top.from, sentences: chosen.map((candidate) => candidate.text), coverage: best.coverage };
}

function sentencesIn(from: ModelPassage): Candidate[] {
  return sentencesOf(from.text).map((text, position) => ({
    title: from.origin === "conversation" ? wordsForPlaceholders(text) : (from.source?.title ?? ""),
    text,
    from,
    position,
  }));
}

async function embedded(candidates: readonly Candidate[], embedder: TextEmbedder): Promise<Candidate[]> {
  const vectors = await embedder.embed(candidates.map(({ text }) => text));
  return candidates.map((candidate, n) => {
    const vector = vectors[n];
    return { ...candidate, ...(vector && { vector: quantized(vector) }) };
  });
}
