import { quantized, search, SearchIndex, staticEmbedder, type SearchLimits } from "@cloister/retrieval";
import type { LabelledText, Split } from "./banking77.ts";
import { withTypingError } from "./typing-errors.ts";

interface Known {
  readonly title: string;
  readonly text: string;
  readonly label: string;
  readonly vector?: Int8Array;
}

const everything: SearchLimits<Known> = { maxHits: 3, minCoverage: 0, minCosine: -1 };

export interface Finding {
  readonly by: string;
  /** The share of questions whose best hit, or one of the best three, has the right intent. */
  readonly first: number;
  readonly firstThree: number;
}

/** How often the nearest known question has the intent of the one asked, by words, by vectors and by both. */
export async function findings({ known, asked }: Split, hasTypingErrors: boolean): Promise<Finding[]> {
  const embedder = staticEmbedder();
  const questions = hasTypingErrors ? asked.map(({ text, label }) => ({ text: withTypingError(text), label })) : asked;
  const vectors = await embedder.embed(known.map(({ text }) => text));
  const queries = await embedder.embed(questions.map(({ text }) => text));
  const items = known.map(({ text, label }) => ({ title: "", text, label }));
  const withVectors = items.map((item, n) => ({ ...item, vector: quantized(vectors[n] ?? new Float32Array()) }));
  const words = new SearchIndex<Known>(items);
  const both = new SearchIndex<Known>(withVectors);
  const vectorOf = (n: number): { vector?: Float32Array } => {
    const vector = queries[n];
    return vector === undefined ? {} : { vector };
  };
  return [
    shares("words: TF-IDF cosine", questions, tfIdf(items, questions)),
    shares("words: BM25", questions, (n) =>
      labels(search({ question: questions[n]?.text ?? "" }, [words], everything)),
    ),
    shares("vectors", questions, (n) => labels(search({ question: "", ...vectorOf(n) }, [both], everything))),
    shares("both", questions, (n) =>
      labels(search({ question: questions[n]?.text ?? "", ...vectorOf(n) }, [both], everything)),
    ),
  ];
}

function labels(hits: readonly { readonly item: Known }[]): string[] {
  return hits.map(({ item }) => item.label);
}

function shares(by: string, asked: readonly LabelledText[], found: (n: number) => readonly string[]): Finding {
  let [first, firstThree] = [0, 0];
  for (const [n, { label }] of asked.entries()) {
    const three = found(n).slice(0, 3);
    if (three[0] === label) first++;
    if (three.includes(label)) firstThree++;
  }
  return { by, first: first / asked.length, firstThree: firstThree / asked.length };
}

const tokens = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The plain baseline: no stems, no stop words, no length but the vector's own. */
function tfIdf(known: readonly Known[], asked: readonly LabelledText[]): (n: number) => string[] {
  const having = new Map<string, number[]>();
  for (const [n, { text }] of known.entries()) {
    for (const token of new Set(tokens(text))) {
      const positions = having.get(token);
      if (positions === undefined) having.set(token, [n]);
      else positions.push(n);
    }
  }
  const idf = (token: string): number => Math.log((known.length + 1) / ((having.get(token)?.length ?? 0) + 1));
  const lengths = known.map(({ text }) => Math.hypot(...[...new Set(tokens(text))].map(idf)) || 1);
  return (n) => {
    const scores = new Map<number, number>();
    for (const token of new Set(tokens(asked[n]?.text ?? ""))) {
      for (const m of having.get(token) ?? [])
        scores.set(m, (scores.get(m) ?? 0) + idf(token) ** 2 / (lengths[m] ?? 1));
    }
    const order = [...scores].sort(([, one], [, other]) => other - one).slice(0, 3);
    return order.map(([m]) => known[m]?.label ?? "");
  };
}
