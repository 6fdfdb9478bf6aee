import type { Suite } from "@cloister/contracts/envelope";
import type { AeadKey } from "../backend.ts";
import { EnvelopeError } from "../errors.ts";
import type { KeyId } from "../ids.ts";
import { MAX_WRAPS_PER_KEY } from "../limits.ts";
import { KeyHandle } from "./key-handle.ts";

/** A 32-byte purpose key of a conversation, used by the suite's AEAD with random nonces, at most 2^28 times. */
export class WrapKey<Done = void, Opened = Uint8Array | undefined> extends KeyHandle<AeadKey<Done, Opened>> {
  #wrapsLeft: number;

  constructor(keyId: KeyId, key: AeadKey<Done, Opened>, wrapBudget: number) {
    super(keyId, key);
    this.#wrapsLeft = wrapBudget;
  }

  /**
   * Fills `into` with the wrapped CEK and its tag.
   * @throws KEY_DESTROYED, or KEY_UNAVAILABLE when the key's wraps are used up
   */
  wrap(suite: Suite, nonce: Uint8Array, aad: Uint8Array, cek: Uint8Array, into: Uint8Array): Done {
    const key = this.liveKey();
    if (this.#wrapsLeft <= 0) {
      throw new EnvelopeError("KEY_UNAVAILABLE", "The key has wrapped as much as it may; use the next bucket's key.");
    }
    this.#wrapsLeft--;
    return key.seal(suite, nonce, aad, cek, into);
  }

  /** The CEK, or undefined when it does not authenticate. @throws KEY_DESTROYED */
  unwrap(suite: Suite, nonce: Uint8Array, aad: Uint8Array, sealedCek: Uint8Array): Opened {
    return this.liveKey().open(suite, nonce, aad, sealedCek);
  }
}

export interface WrapKeyInput {
  /** 32 bytes, copied: the caller may erase its own. */
  readonly key: Uint8Array;
  readonly keyId: KeyId;
  /** Fewer wraps than 2^28, for a key that other holders wrap under too. */
  readonly wrapBudget?: number;
}

/** @throws MALFORMED unless the key has 32 bytes and the budget is at most 2^28 */
export function createWrapKey<Done, Opened>(
  backend: { aeadKey(key: Uint8Array): AeadKey<Done, Opened> },
  input: WrapKeyInput,
): WrapKey<Done, Opened> {
  const wrapBudget = input.wrapBudget ?? MAX_WRAPS_PER_KEY;
  if (input.key.length !== 32 || !(wrapBudget >= 0 && wrapBudget <= MAX_WRAPS_PER_KEY)) {
    throw new EnvelopeError("MALFORMED", "A wrapping key has 32 bytes and a budget of at most 2^28 wraps.");
  }
  return new WrapKey(input.keyId, backend.aeadKey(input.key), wrapBudget);
}
