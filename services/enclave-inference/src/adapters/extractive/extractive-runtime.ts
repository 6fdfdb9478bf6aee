import { searchWords, type WordQuery } from "@cloister/retrieval";
import { wordQuery } from "../../model/follow-up.ts";
import {
  ModelError,
  type ModelAnswer,
  type ModelEvent,
  type ModelPassage,
  type ModelRequest,
  type ModelRuntime,
} from "../../model/model-runtime.ts";
import { wordsForPlaceholders } from "../../model/placeholder-words.ts";
import { introducedPerson } from "./introduction.ts";
import { sentencesOf } from "./sentences.ts";

const model = "extractive";
const nothingFound = "I found nothing about that in the sources I may use.";
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
  const query = wordQuery(request.question, request.turns);
  const extract = best([...knowledge(request), ...said(request)], query);
  const addressed = introducedPerson(request.question);
  const greeting = addressed === undefined ? "" : `Thank you, ${addressed}. `;
  if (extract === undefined) return { text: greeting + nothingFound, sources: [], model };
  return {
    text: greeting + wording(extract),
    sources: extract.from.source === undefined ? [] : [extract.from.source],
    model,
  };
}

function wording({ from, sentences }: Extract): string {
  const quoted = sentences.join(" ");
  if (from.origin === "conversation") return `Earlier you wrote: “${quoted}”`;
  return from.source === undefined ? quoted : `${quoted} (Source: ${from.source.title || from.source.documentId})`;
}

interface Extract {
  from: ModelPassage;
  sentences: string[];
}

function knowledge(request: ModelRequest): ModelPassage[] {
  return request.passages.filter((passage) => passage.origin === "knowledge");
}

/** What the user stated earlier. A question of theirs answers nothing. */
function said(request: ModelRequest): ModelPassage[] {
  const passages = request.passages.filter((passage) => passage.origin === "conversation").map(({ text }) => text);
  return [...passages, ...request.turns.map((turn) => turn.question)]
    .map((text) =>
      sentencesOf(text)
        .filter((sentence) => !sentence.endsWith("?"))
        .join(" "),
    )
    .filter((text) => text !== "")
    .map((text) => ({ origin: "conversation", text }));
}

interface Candidate {
  title: string;
  text: string;
  from: ModelPassage;
  position: number;
}

function best(passages: readonly ModelPassage[], query: WordQuery): Extract | undefined {
  const candidates = passages.flatMap((from) =>
    sentencesOf(from.text).map((text, position): Candidate => ({
      title: from.origin === "conversation" ? wordsForPlaceholders(text) : (from.source?.title ?? ""),
      text,
      from,
      position,
    })),
  );
  const hits = searchWords(query, candidates, { maxHits: candidates.length, minCoverage: 0.25, minShareOfBest: 0.4 });
  const top = hits[0]?.item;
  if (top === undefined) return undefined;
  const chosen = hits
    .map((hit) => hit.item)
    .filter((candidate) => candidate.from === top.from)
    .slice(0, maxSentences)
    .sort((one, other) => one.position - other.position);
  return { from: top.from, sentences: chosen.map((candidate) => candidate.text) };
}
