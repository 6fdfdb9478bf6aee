import { tagCount } from "./tags.ts";

/** Features are told apart by this many bits of their hash. */
export const featureBits = 22;

/** What the features of a model are counted under: 1 to 2^22. */
export function featureKey(hash: number): number {
  return (hash & ((1 << featureBits) - 1)) + 1;
}

/** Added to each weight, so that none is below zero and none carries over into its neighbour. */
const bias = 128;
/** The first number and the third of a packed word; shifted by eight, the second and the fourth. */
const everySecond = 0x00ff00ff;

/**
 * Weights of features: one row of small numbers, one a tag, for each feature that is known. Rows stand in the order of
 * their features, so a feature's row is the number of known ones before it (a bitmap with rank, Jacobson 1989): no key
 * is kept, and what is looked at for each feature of a text stays close to the processor.
 */
export class Weights {
  /** For each 32 features: a bit for each one that is known, and beside it how many known ones come before. */
  readonly #known: Int32Array;
  /** Two words a row, of four numbers each: so four are added at once, up to 128 times. */
  readonly #rows: Int32Array;

  /** `keys` are feature keys in ascending order, `weights` holds one row of `tagCount` numbers for each. */
  constructor(keys: Uint32Array, weights: Int8Array) {
    const bytes = new Uint8Array(keys.length * 8).fill(bias);
    for (let row = 0; row < keys.length; row++) {
      for (let tag = 0; tag < tagCount; tag++) {
        bytes[row * 8 + tag] = (weights[row * tagCount + tag] ?? 0) + bias;
      }
    }
    const words = new DataView(bytes.buffer);
    this.#rows = new Int32Array(keys.length * 2);
    for (let at = 0; at < this.#rows.length; at++) this.#rows[at] = words.getInt32(at * 4, true);
    this.#known = new Int32Array(((1 << featureBits) / 32 + 1) * 2);
    for (const key of keys) this.#known[(key >>> 5) * 2] = (this.#known[(key >>> 5) * 2] ?? 0) | (1 << (key & 31));
    let before = 0;
    for (let at = 0; at < this.#known.length; at += 2) {
      this.#known[at + 1] = before;
      before += bitCount(this.#known[at] ?? 0);
    }
  }

  /**
   * Adds the rows of the first `count` features, 128 at most, to the scores that begin at `into`. The inner loop of the
   * model: plain places, no iterators.
   */
  add(features: Int32Array, count: number, scores: Int32Array, into: number): void {
    const known = this.#known;
    const rows = this.#rows;
    let found = 0;
    let tags02 = 0;
    let tags13 = 0;
    let tags46 = 0;
    let tag5 = 0;
    for (let at = 0; at < count; at++) {
      const key = featureKey(features[at] ?? 0);
      const place = (key >>> 5) * 2;
      const bits = known[place] ?? 0;
      const bit = 1 << (key & 31);
      if ((bits & bit) === 0) continue;
      const row = ((known[place + 1] ?? 0) + bitCount(bits & (bit - 1))) * 2;
      const first = rows[row] ?? 0;
      const second = rows[row + 1] ?? 0;
      tags02 += first & everySecond;
      tags13 += (first >>> 8) & everySecond;
      tags46 += second & everySecond;
      tag5 += (second >>> 8) & 0xff;
      found++;
    }
    const none = found * bias;
    scores[into] = (scores[into] ?? 0) + (tags02 & 0xffff) - none;
    scores[into + 1] = (scores[into + 1] ?? 0) + (tags13 & 0xffff) - none;
    scores[into + 2] = (scores[into + 2] ?? 0) + (tags02 >>> 16) - none;
    scores[into + 3] = (scores[into + 3] ?? 0) + (tags13 >>> 16) - none;
    scores[into + 4] = (scores[into + 4] ?? 0) + (tags46 & 0xffff) - none;
    scores[into + 5] = (scores[into + 5] ?? 0) + tag5 - none;
    scores[into + 6] = (scores[into + 6] ?? 0) + (tags46 >>> 16) - none;
  }
}

/** How many bits of 32 are set (Warren, Hacker's Delight, section 5-1). */
function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
