import { randomBytes } from "node:crypto";
import { staticEmbedder, VectorTransform } from "@cloister/retrieval";
import type { Split } from "./banking77.ts";
import { linearFit } from "./least-squares.ts";
import { nearest } from "./nearest.ts";
import { passageTexts } from "./passage-texts.ts";

export interface Protection {
  readonly beta: number;
  /** Of a question's ten nearest passages by exact vectors, the share among so many of the store's candidates. */
  readonly recall: ReadonlyMap<number, number>;
  /** Of a passage's ten nearest other passages, the share that whoever has the store alone sees as such. */
  readonly neighbours: number;
  /** By pairs of text and protected vector that an attacker knows. */
  readonly recovered: ReadonlyMap<number, Recovered>;
}

export interface Recovered {
  /** The mean cosine of a vector that was worked out to the true one. */
  readonly cosine: number;
  /** How often the true text is the nearest of so many that it could be. */
  readonly identified: number;
}

export const candidateCounts = [10, 50, 100, 200, 400] as const;
export const knownPairs = [20, 160, 1_000, 5_000] as const;
export const suspectedTexts = 10_000;
const attacked = 200;

export interface ProtectionWorld {
  readonly passages: readonly Float32Array[];
  readonly questions: readonly Float32Array[];
}

/** So many passages, and questions that none of them is made of. */
export async function protectionWorld(
  { known, asked }: Split,
  passages: number,
  questions: number,
): Promise<ProtectionWorld> {
  const embedder = staticEmbedder();
  const every = Math.floor(asked.length / questions);
  const texts = asked.filter((_, n) => n % every === 0).map(({ text }) => text);
  return { passages: await embedder.embed(passageTexts(known, passages)), questions: await embedder.embed(texts) };
}

/** What a store that holds protected vectors finds, and what it gives away, at one beta. */
export function protection({ passages, questions }: ProtectionWorld, beta: number): Protection {
  const transform = new VectorTransform(randomBytes(32), passages[0]?.length ?? 0, beta);
  const kept = passages.map((vector, n) => transform.protect(vector, Buffer.from(String(n))));
  const most = Math.max(...candidateCounts);
  const found = questions.map((question) => ({
    exact: nearest(question, passages, 10),
    candidates: nearest(transform.protect(question), kept, most),
  }));
  const recall = new Map(
    candidateCounts.map((count) => [
      count,
      mean(found.map(({ exact, candidates }) => shared(exact, candidates.slice(0, count)) / 10)),
    ]),
  );
  const neighbours = mean(
    passages.slice(0, attacked).map((vector, n) => {
      const own = nearest(vector, passages, 11).filter((other) => other !== n);
      return (
        shared(
          own.slice(0, 10),
          nearest(kept[n] ?? vector, kept, 11).filter((other) => other !== n),
        ) / 10
      );
    }),
  );
  const recovered = new Map(knownPairs.map((pairs) => [pairs, attack(passages, kept, pairs)]));
  return { beta, recall, neighbours, recovered };
}

/** What an attacker reaches who knows nothing: the mean cosine of two passages. */
export function cosineByChance({ passages }: ProtectionWorld): number {
  return mean(passages.slice(0, attacked).map((vector, n) => cosine(vector, passages[n + attacked] ?? vector)));
}

/** Known plaintext: some pairs are fitted, others are worked out, and looked for among texts that they could be. */
function attack(passages: readonly Float32Array[], kept: readonly Float32Array[], pairs: number): Recovered {
  const fit = linearFit(kept.slice(-pairs), passages.slice(-pairs));
  const suspected = passages.slice(0, suspectedTexts);
  const guesses = kept.slice(0, attacked).map(fit);
  return {
    cosine: mean(guesses.map((guess, n) => cosine(guess, passages[n] ?? guess))),
    identified: mean(guesses.map((guess, n) => (nearest(guess, suspected, 1)[0] === n ? 1 : 0))),
  };
}

function shared(one: readonly number[], other: readonly number[]): number {
  const others = new Set(other);
  return one.filter((position) => others.has(position)).length;
}

function cosine(one: Float32Array, other: Float32Array): number {
  const dot = one.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0);
  return dot / (Math.hypot(...one) * Math.hypot(...other) || 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
