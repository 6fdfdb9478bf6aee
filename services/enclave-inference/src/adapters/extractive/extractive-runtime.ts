import { searchWords, type WordQuery } from "@cloister/retrieval";
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
export function extractiveRuntime(): ModelRuntime {
  return {
    async *answer(request, signal): AsyncIterable<ModelEvent> {
      const answer = answerFrom(request);
      for (const [piece] of answer.text.matchAll(/\S+\s*/gu)) {
        if (signal.aborted) throw new ModelError("MODEL_ABORTED", "The caller gave up waiting for the answer.");
        yield { kind: "text", text: piece };
      }
      yield { kind: "final", answer };
    },
  };
}

function answerFrom(request: ModelRequest): ModelAnswer {
  const extract = extractFor(request);
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
function extractFor({ question, turns, passages }: ModelRequest): Extract | undefined {
  const known = bestExtract(knowledge(passages), wordQuery(question, turns));
  const own = isQuestion(question) ? bestExtract(said(passages, turns), { question }) : undefined;
  if (own === undefined || known === undefined) return own ?? known;
  const holdsOwnData = own.sentences.some((sentence) => wordsForPlaceholders(sentence) !== "");
  const isAboutOwnData = asksForOwnData.test(question) && holdsOwnData && own.coverage > known.coverage;
  return asksWhatWasSaid.test(question) || isAboutOwnData ? own : known;
}

function wording({ from, sentences }: Extract): string {
  const quoted = sentences.join(" ");
  if (from.origin === "conversation") return `Earlier you wrote: “${quoted}”`;
  return from.source === undefined ? quoted : `${quoted} (Source: ${from.source.title || from.source.documentId})`;
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
  title: string;
  text: string;
  from: ModelPassage;
  position: number;
}

function bestExtract(passages: readonly ModelPassage[], query: WordQuery): Extract | undefined {
  const candidates = passages.flatMap((from) =>
    sentencesOf(from.text).map((text, position): Candidate => ({
      title: from.origin === "conversation" ? wordsForPlaceholders(text) : (from.source?.title ?? ""),
      text,
      from,
      position,
    })),
  );
  const hits = searchWords(query, candidates, { maxHits: candidates.length, minCoverage: 0.25, minShareOfBest: 0.4 });
  const [best] = hits;
  if (best === undefined) return undefined;
  const top = best.item;
  const chosen = hits
    .map((hit) => hit.item)
    .filter((candidate) => candidate.from === top.from)
    .slice(0, maxSentences)
    .sort((one, other) => one.position - other.position);
  return { from: top.from, sentences: chosen.map((candidate) => candidate.text), coverage: best.coverage };
}
