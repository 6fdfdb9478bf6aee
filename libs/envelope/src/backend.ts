import type { Suite } from "@cloister/contracts/envelope";

/**
 * The cryptography this library needs, synchronous. Two backends implement it, `@cloister/envelope/node` and
 * `@cloister/envelope/noble`, and each opens what the other seals; `@cloister/envelope/web` has the same port with promises. Flat objects of functions: no method uses `this`, so
 * a test may spread a backend and replace its randomness.
 */
export interface EnvelopeBackend {
  readonly name: string;
  randomBytes(length: number): Uint8Array;
  readonly digests: Digests;
  /** AES-256-GCM and ChaCha20-Poly1305 under a 32-byte key, which is copied. */
  aeadKey(key: Uint8Array): AeadKey;
  /** @throws RangeError unless the seed has 32 bytes */
  kemSecret(seed: Uint8Array): KemSecret;
  /** @throws when the 1,216 bytes are no X-Wing public key */
  kemTarget(publicKey: Uint8Array): KemTarget;
  /** Ed25519 (RFC 8032) from a 32-byte seed. */
  signer(seed: Uint8Array): Signer;
  /** @throws when the 32 bytes are no Ed25519 public key */
  verifier(publicKey: Uint8Array): Verifier;
}

/** SHA-256 and HKDF over it (RFC 5869). */
export interface Digests {
  sha256(bytes: Uint8Array): Uint8Array;
  /** 32 bytes. An empty salt counts as 32 zeros. */
  hkdfExtract(salt: Uint8Array, ikm: Uint8Array): Uint8Array;
  hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Extract and Expand in one call. */
  hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
}

/** A backend's key. `Done` and `Opened` are promises where the backend is WebCrypto, here and below. */
export interface AeadKey<Done = void, Opened = Uint8Array | undefined> {
  /** Fills `into`, 16 bytes longer than the plaintext, with ciphertext and tag. The plaintext may be its first part. */
  seal(suite: Suite, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, into: Uint8Array): Done;
  /** The plaintext, or undefined when it does not authenticate. */
  open(suite: Suite, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Opened;
  /** Forgets the key, as far as JavaScript can. */
  destroy(): void;
}

/** X-Wing (draft-connolly-cfrg-xwing-kem): ML-KEM-768 and X25519 under one 32-byte seed. */
export interface KemSecret<Shared = Uint8Array | undefined> {
  /** 1,216 bytes. */
  readonly publicKey: Uint8Array;
  /** The 32-byte shared secret, or undefined when the 1,120 bytes can't be an encapsulation. */
  decapsulate(enc: Uint8Array): Shared;
  destroy(): void;
}

export interface KemTarget<Fresh = Encapsulation> {
  encapsulate(): Fresh;
}

export interface Encapsulation {
  /** Fresh, 32 bytes. */
  readonly sharedSecret: Uint8Array;
  /** 1,120 bytes. */
  readonly enc: Uint8Array;
}

export interface Signer<Signature = Uint8Array> {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  sign(message: Uint8Array): Signature;
  destroy(): void;
}

export interface Verifier<Verdict = boolean> {
  verify(message: Uint8Array, signature: Uint8Array): Verdict;
}
