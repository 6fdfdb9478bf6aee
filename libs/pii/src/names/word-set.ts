import { hashText, mix } from "./hash.ts";

const probes = 4;

/** A Bloom filter over lower-case words: 16 bits a word, about one word in 400 is taken for a member wrongly. */
export class WordSet {
  readonly bits: Uint8Array;

  constructor(bits: Uint8Array) {
    this.bits = bits;
  }

  static of(words: readonly string[]): WordSet {
    const set = new WordSet(new Uint8Array(Math.max(16, words.length * 2)));
    for (const word of words) set.#add(word);
    return set;
  }

  /** `hash` is `probesOf` the word's hash, made once for all sets that are asked. */
  has(hash: WordProbes): boolean {
    const total = (this.bits.length * 8) >>> 0;
    let at = hash.first;
    for (let probe = 0; probe < probes; probe++) {
      const bit = (at >>> 0) % total; // unsigned on both sides: a division of whole numbers, not of floating ones
      if (((this.bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
      at = (at + hash.step) >>> 0;
    }
    return true;
  }

  #add(word: string): void {
    const total = this.bits.length * 8;
    const { first, step } = probesOf(hashText(word));
    let at = first;
    for (let probe = 0; probe < probes; probe++) {
      const bit = at % total;
      this.bits[bit >>> 3] = (this.bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
      at = (at + step) >>> 0;
    }
  }
}

export interface WordProbes {
  readonly first: number;
  readonly step: number;
}

/** Two hashes make all probes (Kirsch and Mitzenmacher 2006). */
export function probesOf(hash: number): WordProbes {
  const first = mix(hash, 1) >>> 0;
  return { first, step: (mix(first, 2) | 1) >>> 0 };
}
