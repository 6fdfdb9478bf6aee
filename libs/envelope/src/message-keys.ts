import type { Digests } from "./backend.ts";
import { LABELS } from "./labels.ts";
import { HASH_BYTES, NONCE_BYTES } from "./limits.ts";

/** What a CEK and a header give together. The commitment travels; the rest never leaves the process. */
export interface MessageKeys {
  /** 32 bytes. A ciphertext that opens under two CEKs can't have one commitment for both. */
  readonly commitment: Uint8Array;
  /** 32 bytes. */
  readonly payloadKey: Uint8Array;
  /** 12 bytes. */
  readonly payloadNonce: Uint8Array;
}

const KEY_BYTES = 32;
const STREAM_PREFIX_BYTES = 4;

/** HKDF(salt = SHA-256(protected), CEK), expanded once into all three. */
export function deriveMessageKeys(digests: Digests, protectedHash: Uint8Array, cek: Uint8Array): MessageKeys {
  const okm = digests.hkdf(cek, protectedHash, LABELS.payload, HASH_BYTES + KEY_BYTES + NONCE_BYTES);
  return {
    commitment: okm.subarray(0, HASH_BYTES),
    payloadKey: okm.subarray(HASH_BYTES, HASH_BYTES + KEY_BYTES),
    payloadNonce: okm.subarray(HASH_BYTES + KEY_BYTES),
  };
}

export interface StreamKeys {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 4 bytes, before the uint64 seq in every nonce. */
  readonly noncePrefix: Uint8Array;
}

/** A second expansion of the same prk under its own label. */
export function deriveStreamKeys(digests: Digests, protectedHash: Uint8Array, cek: Uint8Array): StreamKeys {
  const okm = digests.hkdf(cek, protectedHash, LABELS.stream, KEY_BYTES + STREAM_PREFIX_BYTES);
  return { key: okm.subarray(0, KEY_BYTES), noncePrefix: okm.subarray(KEY_BYTES) };
}
