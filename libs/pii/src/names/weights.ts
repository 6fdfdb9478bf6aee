import { tagCount } from "./tags.ts";

/** Features are told apart by this many bits of their hash. */
export const featureBits = 22;

/** What the features of a model are counted under: never 0, which marks an empty place in the table. */
export function featureKey(hash: number): number {
  return (hash & ((1 << featureBits) - 1)) + 1;
}

/** Weights of features: an open-addressed table from a feature's key to one small number a tag. */
export class Weights {
  readonly #keys: Uint32Array;
  readonly #rows: Int32Array;
  readonly #weights: Int8Array;
  readonly #mask: number;

  /** `keys` are feature keys, `weights` holds one row of `tagCount` numbers for each. */
  constructor(keys: Uint32Array, weights: Int8Array) {
    let size = 1024;
    while (size < keys.length * 2) size *= 2;
    this.#keys = new Uint32Array(size);
    this.#rows = new Int32Array(size);
    this.#weights = weights;
    this.#mask = size - 1;
    for (const [row, key] of keys.entries()) {
      let slot = key & this.#mask;
      while (this.#keys[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#keys[slot] = key;
      this.#rows[slot] = row * tagCount;
    }
  }

  /** Adds up the rows of the features into `scores`. */
  score(features: Uint32Array, scores: Int32Array): void {
    scores.fill(0);
    for (let at = 0; at < features.length; at++) {
      const key = featureKey(features[at] ?? 0);
      let slot = key & this.#mask;
      while (this.#keys[slot] !== 0 && this.#keys[slot] !== key) slot = (slot + 1) & this.#mask;
      if (this.#keys[slot] === 0) continue;
      const row = this.#rows[slot] ?? 0;
      for (let tag = 0; tag < tagCount; tag++) scores[tag] = (scores[tag] ?? 0) + (this.#weights[row + tag] ?? 0);
    }
  }
}
