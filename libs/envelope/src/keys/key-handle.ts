import { EnvelopeError } from "../errors.ts";
import type { KeyId } from "../ids.ts";

const PRINTED = "[key]";

/** Whatever can be destroyed: a backend's key. */
interface Destroyable {
  destroy(): void;
}

/** A key to use and not to see: it has a name, it can be destroyed, and however it is printed it shows `[key]`. */
export abstract class KeyHandle<Key extends Destroyable> {
  readonly keyId: KeyId;
  #key: Key | undefined;

  constructor(keyId: KeyId, key: Key) {
    this.keyId = keyId;
    this.#key = key;
  }

  get isDestroyed(): boolean {
    return this.#key === undefined;
  }

  /** Forgets the key, as far as JavaScript can; every later use throws KEY_DESTROYED. */
  destroy(): void {
    this.#key?.destroy();
    this.#key = undefined;
  }

  /** @throws KEY_DESTROYED */
  protected liveKey(): Key {
    if (this.#key) return this.#key;
    throw new EnvelopeError("KEY_DESTROYED", "The key was destroyed; what is sealed under it stays sealed.");
  }

  toString(): string {
    return PRINTED;
  }

  toJSON(): string {
    return PRINTED;
  }

  /** What console.log and util.inspect show in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return PRINTED;
  }
}
