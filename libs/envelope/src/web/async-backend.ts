import type { AeadKey, Encapsulation, KemSecret, KemTarget, Signer, Verifier } from "../backend.ts";
import type { KemPrivateKey, KemPublicKey } from "../keys/kem-keys.ts";
import type { SigningKey, VerifyingKey } from "../keys/signing-keys.ts";
import type { WrapKey } from "../keys/wrap-key.ts";

export type Awaitable<T> = T | Promise<T>;

/**
 * The port of backend.ts for a backend that may have to wait: each result may be a promise, so every `EnvelopeBackend`
 * is one too. Keys are made at once; what WebCrypto has to import is imported at first use.
 */
export interface AsyncBackend {
  readonly name: string;
  randomBytes(length: number): Uint8Array;
  readonly digests: {
    sha256(bytes: Uint8Array): Awaitable<Uint8Array>;
    /** RFC 5869 with SHA-256, Extract and Expand in one call. */
    hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Awaitable<Uint8Array>;
  };
  aeadKey(key: Uint8Array): AeadKey<Awaitable<void>, Awaitable<Uint8Array | undefined>>;
  kemSecret(seed: Uint8Array): KemSecret<Awaitable<Uint8Array | undefined>>;
  kemTarget(publicKey: Uint8Array): KemTarget<Awaitable<Encapsulation>>;
  signer(seed: Uint8Array): Signer<Awaitable<Uint8Array>>;
  verifier(publicKey: Uint8Array): Verifier<Awaitable<boolean>>;
}

type AsyncWrapKey = WrapKey<Awaitable<void>, Awaitable<Uint8Array | undefined>>;
export type AsyncRecipientKey = KemPublicKey<Awaitable<Encapsulation>> | AsyncWrapKey;
export type AsyncKemPrivateKey = KemPrivateKey<Awaitable<Uint8Array | undefined>>;
export type AsyncOpeningKey = AsyncKemPrivateKey | AsyncWrapKey;
export type AsyncSigningKey = SigningKey<Awaitable<Uint8Array>>;
export type AsyncVerifyingKey = VerifyingKey<Awaitable<boolean>>;
