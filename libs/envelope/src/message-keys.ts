import type { Digests } from "./backend.ts";
import { LABELS } from "./labels.ts";
import { HASH_BYTES, NONCE_BYTES } from "./limits.ts";

const KEY_BYTES = 32;
const STREAM_PREFIX_BYTES = 4;

/** What a CEK and a header give together. The commitment travels; the rest never leaves the process. */
export interface MessageKeys {
  /** 32 bytes. A ciphertext that opens under two CEKs can't have one commitment for both. */
  readonly commitment: Uint8Array;
  /** 32 bytes. */
  readonly payloadKey: Uint8Array;
  /** 12 bytes. */
  readonly payloadNonce: Uint8Array;
}

/** How many bytes HKDF(salt = SHA-256(protected), CEK) gives under `LABELS.payload`. */
export const MESSAGE_KEYS_BYTES = HASH_BYTES + KEY_BYTES + NONCE_BYTES;

/** HKDF(salt = SHA-256(protected), CEK), expanded once into all three. */
export function deriveMessageKeys(digests: Digests, protectedHash: Uint8Array, cek: Uint8Array): MessageKeys {
  return splitMessageKeys(digests.hkdf(cek, protectedHash, LABELS.payload, MESSAGE_KEYS_BYTES));
}

/** Views of the `MESSAGE_KEYS_BYTES` bytes. */
export function splitMessageKeys(okm: Uint8Array): MessageKeys {
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

/** How many bytes the same HKDF gives under `LABELS.stream`. */
export const STREAM_KEYS_BYTES = KEY_BYTES + STREAM_PREFIX_BYTES;

/** A second expansion of the same prk under its own label. */
export function deriveStreamKeys(digests: Digests, protectedHash: Uint8Array, cek: Uint8Array): StreamKeys {
  return splitStreamKeys(digests.hkdf(cek, protectedHash, LABELS.stream, STREAM_KEYS_BYTES));
}

/** Views of the `STREAM_KEYS_BYTES` bytes. */
export function splitStreamKeys(okm: Uint8Array): StreamKeys {
  return { key: okm.subarray(0, KEY_BYTES), noncePrefix: okm.subarray(KEY_BYTES) };
}
