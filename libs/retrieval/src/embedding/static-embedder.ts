import { SimilarWords } from "./similar-words.ts";
import type { TextEmbedder } from "./text-embedder.ts";
import type { WordVectors } from "./word-vectors.ts";
import { wordsOfText } from "./words-of-text.ts";

/** Smooth inverse frequency (Arora, Liang, Ma 2017): below this share of a text's words a word counts nearly in full. */
const smoothing = 1e-3;
/** The harmonic sum of Zipf's law over the words of English. */
const zipfSum = Math.log(60_000);

/**
 * The mean of a text's word vectors, frequent words counting less. A word that has no vector is taken for the known one
 * that it is a typing error or a form of, if there is any. Pure: the same text always gives the same vector.
 */
export function embedderOf(name: string, vectors: WordVectors): TextEmbedder {
  const { words, dimension } = vectors;
  const rows = new Map(words.map((word, row) => [word, row]));
  const similar = new SimilarWords(words);

  function add(sum: Float32Array, row: number, weight: number): void {
    const scale = weightOfRank(row + 1) * weight * (vectors.scales[row] ?? 0);
    const start = row * dimension;
    for (let k = 0; k < dimension; k++) sum[k] = (sum[k] ?? 0) + scale * (vectors.values[start + k] ?? 0);
  }

  function addWord(sum: Float32Array, word: string): void {
    const row = rows.get(word);
    if (row !== undefined) add(sum, row, 1);
    else if (word.includes("'")) for (const part of word.split("'")) addWord(sum, part);
    else if (/^[a-z]/u.test(word)) for (const { row: known, weight } of similar.find(word)) add(sum, known, weight);
  }

  function embed(text: string): Float32Array {
    const sum = new Float32Array(dimension);
    for (const word of wordsOfText(text)) addWord(sum, word);
    return ofLengthOne(sum);
  }

  return { model: { name, dimension }, embed: async (texts) => texts.map(embed) };
}

function weightOfRank(rank: number): number {
  return smoothing / (smoothing + 1 / (rank * zipfSum));
}

function ofLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}
