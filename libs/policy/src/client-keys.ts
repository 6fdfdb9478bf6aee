import { lengthPrefixed } from "@cloister/attestation";
import { sha256 } from "@noble/hashes/sha2.js";

/** The public keys that a client opens a conversation with. */
export interface ClientKeys {
  /** X-Wing, 1,216 bytes. */
  readonly clientKemPublicKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly clientSigningPublicKey: Uint8Array;
}

/** SHA-256 over the length-prefixed label, KEM key and signing key: what an admission is bound to. 32 bytes. */
export function clientKeysHash(keys: ClientKeys): Uint8Array {
  return sha256(lengthPrefixed(["cloister/v1 client keys", keys.clientKemPublicKey, keys.clientSigningPublicKey]));
}
