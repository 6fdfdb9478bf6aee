import type { EnvelopeBackend } from "./backend.ts";

/** RFC 5869 section 2.2 with SHA-256: a 32-byte pseudo-random key. An empty salt counts as 32 zeros. */
export function hkdfExtract(backend: EnvelopeBackend, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return backend.digests.hkdfExtract(salt, ikm);
}

/** RFC 5869 section 2.3 with SHA-256: `length` bytes, at most 8,160. */
export function hkdfExpand(backend: EnvelopeBackend, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return backend.digests.hkdfExpand(prk, info, length);
}
