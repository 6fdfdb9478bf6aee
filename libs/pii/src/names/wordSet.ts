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

  has(word: string): boolean {
    const total = this.bits.length * 8;
    let hash = hashText(word);
    for (let probe = 0; probe < probes; probe++) {
      hash = mix(hash, probe);
      const bit = hash % total;
      if (((this.bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #add(word: string): void {
    const total = this.bits.length * 8;
    let hash = hashText(word);
    for (let probe = 0; probe < probes; probe++) {
      hash = mix(hash, probe);
      const bit = hash % total;
      this.bits[bit >>> 3] = (this.bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }
}
