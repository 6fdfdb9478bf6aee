import { createCipheriv, type Cipheriv } from "node:crypto";

const zeroCounter = Buffer.alloc(16);
const zeros = Buffer.alloc(2_048);

/** Numbers that only the holder of a 32-byte key can tell from random ones: the keystream of AES-256-CTR. */
export class PrfStream {
  readonly #cipher: Cipheriv;
  #block: Buffer = Buffer.alloc(0);
  #next = 0;

  /** `key`: 32 bytes, erased here. What it made must not be made again from what memory still holds of it. */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv("aes-256-ctr", key, zeroCounter);
    key.fill(0);
  }

  /** Above 0 and below 1, in steps of 2^-52. */
  uniform(): number {
    if (this.#next === this.#block.length) {
      this.#block = this.#cipher.update(zeros);
      this.#next = 0;
    }
    const high = this.#block.readUInt32LE(this.#next);
    const low = this.#block.readUInt32LE(this.#next + 4);
    this.#next += 8;
    return ((high >>> 6) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 52;
  }

  /** Of the standard normal distribution (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
