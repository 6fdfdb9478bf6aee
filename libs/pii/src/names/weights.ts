import { tagCount } from "./tags.ts";

/** Features are told apart by this many bits of their hash. */
export const featureBits = 22;

/** What the features of a model are counted under: never 0, which marks an empty place in the table. */
export function featureKey(hash: number): number {
  return (hash & ((1 << featureBits) - 1)) + 1;
}

/** Weights of features: an open-addressed table from a feature's key to one small number a tag. */
export class Weights {
  /** Key and first place of its row, side by side: one look into memory for both. */
  readonly #table: Int32Array;
  readonly #weights: Int8Array;
  /** One bit a possible key: most features of a text are unknown, and half a megabyte stays close to the processor. */
  readonly #isKnown = new Uint8Array((1 << featureBits) / 8 + 1);
  readonly #mask: number;

  /** `keys` are feature keys, `weights` holds one row of `tagCount` numbers for each. */
  constructor(keys: Uint32Array, weights: Int8Array) {
    let size = 1024;
    while (size < keys.length * 2) size *= 2;
    this.#table = new Int32Array(size * 2);
    this.#weights = weights;
    this.#mask = size - 1;
    for (const [row, key] of keys.entries()) {
      let slot = key & this.#mask;
      while (this.#table[slot * 2] !== 0) slot = (slot + 1) & this.#mask;
      this.#isKnown[key >>> 3] = (this.#isKnown[key >>> 3] ?? 0) | (1 << (key & 7));
      this.#table[slot * 2] = key;
      this.#table[slot * 2 + 1] = row * tagCount;
    }
  }

  /**
   * Adds the rows of the first `count` features to the scores that begin at `into`. The inner loop of the model: plain
   * places, no iterators.
   */
  add(features: Int32Array, count: number, scores: Int32Array, into: number): void {
    const table = this.#table;
    const weights = this.#weights;
    const mask = this.#mask;
    const isKnown = this.#isKnown;
    for (let at = 0; at < count; at++) {
      const key = featureKey(features[at] ?? 0);
      if (((isKnown[key >>> 3] ?? 0) & (1 << (key & 7))) === 0) continue;
      let slot = key & mask;
      let found = table[slot * 2] ?? 0;
      while (found !== 0 && found !== key) {
        slot = (slot + 1) & mask;
        found = table[slot * 2] ?? 0;
      }
      if (found === 0) continue;
      const row = table[slot * 2 + 1] ?? 0;
      for (let tag = 0; tag < tagCount; tag++)
        scores[into + tag] = (scores[into + tag] ?? 0) + (weights[row + tag] ?? 0);
    }
  }
}
