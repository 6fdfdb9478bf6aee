import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { lengthPrefixed, type Field } from "../../length-prefixed.ts";

const DEFAULT_CAPACITY = 64;

/**
 * What was verified, by all that the answer depends on, so that the same collateral is parsed and checked once. Failures
 * aren't kept. What depends on the time is the caller's, each time anew.
 */
export class VerifiedOnce<T> {
  readonly #verified = new Map<string, T>();
  readonly #capacity: number;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** The answer of `verify` for the same `dependsOn`; at most `capacity` are kept, the least recently used goes first. */
  async get(dependsOn: readonly Field[], verify: () => Promise<T>): Promise<T> {
    const key = bytesToHex(sha256(lengthPrefixed(dependsOn)));
    const verified = this.#verified.get(key) ?? (await verify());
    this.#verified.delete(key);
    this.#verified.set(key, verified);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > this.#capacity && oldest !== undefined) this.#verified.delete(oldest);
    return verified;
  }
}
