import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { RetrievalError } from "../errors.ts";
import { embedderOf } from "./static-embedder.ts";
import type { TextEmbedder } from "./text-embedder.ts";
import { unpackWordVectors } from "./word-vectors.ts";

/** What the evidence of a service that embeds states about it: other vectors are another digest. */
export const staticModel = {
  name: "static-en-1",
  sha256: "2e78ca37a569d3bed5c82ad54526de1255aadf32ab0c4b11ad699177849694ca",
} as const;

const artefact = new URL("../../models/static-en.bin", import.meta.url);

/**
 * The embedder that is shipped: distilled English word vectors of 160 numbers, no network, no native code.
 * @throws RetrievalError MODEL_ALTERED when the artefact isn't the one that this code was built with
 */
export function staticEmbedder(): TextEmbedder {
  shipped ??= open();
  return shipped;
}

/** It holds nothing of what it embeds, so one serves a whole process. */
let shipped: TextEmbedder | undefined;

function open(): TextEmbedder {
  const bytes = readFileSync(artefact);
  if (createHash("sha256").update(bytes).digest("hex") !== staticModel.sha256) {
    throw new RetrievalError("MODEL_ALTERED", "The word vectors on disk are not those that this build names.");
  }
  return embedderOf(staticModel.name, unpackWordVectors(bytes));
}
