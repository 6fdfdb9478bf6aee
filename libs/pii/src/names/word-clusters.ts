import { mix } from "./hash.ts";

/** Which group of meaning a word belongs to: 0 for a word that is in none. */
export interface WordCluster {
  readonly fine: number;
  readonly coarse: number;
}

export const noCluster: WordCluster = { fine: 0, coarse: 0 };

/** What a word is kept under, by the hash of its lower case; never 0, which marks an empty place. */
export function clusterKey(hash: number): number {
  return mix(hash, 7) || 1;
}

/** Groups of words that stand in like contexts, as word vectors show them: an open-addressed table of hashes. */
export class WordClusters {
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #groups: readonly WordCluster[];

  /** `clusters` holds the group of each key, `coarse` the wider group of each group. */
  constructor(keys: Int32Array, clusters: Uint16Array, coarse: Uint8Array) {
    let size = 1024;
    while (size < keys.length * 2) size *= 2;
    this.#table = new Int32Array(size * 2);
    this.#mask = size - 1;
    this.#groups = Array.from(coarse, (wide, fine) => ({ fine, coarse: wide }));
    for (const [row, key] of keys.entries()) {
      let slot = key & this.#mask;
      while (this.#table[slot * 2] !== 0) slot = (slot + 1) & this.#mask;
      this.#table[slot * 2] = key;
      this.#table[slot * 2 + 1] = clusters[row] ?? 0;
    }
  }

  /** `hash` is that of the word in lower case. */
  of(hash: number): WordCluster {
    const key = clusterKey(hash);
    for (let slot = key & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const found = this.#table[slot * 2];
      if (found === 0) return noCluster;
      if (found === key) return this.#groups[this.#table[slot * 2 + 1] ?? 0] ?? noCluster;
    }
  }
}
