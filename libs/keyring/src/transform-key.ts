import { hkdfSync } from "node:crypto";
import { KeyringError } from "./errors.ts";

const printed = "[key]";

/**
 * What a conversation's vectors of one bucket are protected by, out of its `vector` key and released with it: whoever may
 * not have that key has no transform either, and both end together. A handle to use and not to see.
 */
export class TransformKey {
  #seed: Buffer | undefined;
  readonly #dependents: (() => void)[] = [];

  /** `vectorKey`: the conversation's purpose key, 32 bytes, the caller's to erase. */
  constructor(vectorKey: Uint8Array) {
    this.#seed = Buffer.from(hkdfSync("sha256", vectorKey, "", "cloister/v1 vector transform", 32));
  }

  get isDestroyed(): boolean {
    return this.#seed === undefined;
  }

  /**
   * Makes something of the 32 bytes, which are not to be kept. What it made is destroyed with the key.
   * @throws KeyringError LEASE_ENDED once the key was destroyed
   */
  make<Made extends { destroy(): void }>(work: (seed: Uint8Array) => Made): Made {
    if (this.#seed === undefined) throw new KeyringError("LEASE_ENDED", "A transform's key ended before its use.");
    const made = work(this.#seed);
    this.#dependents.push(() => made.destroy());
    return made;
  }

  destroy(): void {
    this.#seed?.fill(0);
    this.#seed = undefined;
    for (const destroyDependent of this.#dependents.splice(0)) destroyDependent();
  }

  toString(): string {
    return printed;
  }

  toJSON(): string {
    return printed;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return printed;
  }
}
