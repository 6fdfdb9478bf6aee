import type { SigningKey } from "@cloister/envelope";
import { ed25519 } from "@noble/curves/ed25519.js";

/** What signs: a handle that keeps its secret to itself. */
export interface NoteSigner {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes, RFC 8032. */
  sign(message: Uint8Array): Uint8Array;
}

/** A signing key of libs/envelope, to sign notes with. */
export function noteSigner(key: SigningKey): NoteSigner {
  return Object.freeze({ publicKey: key.publicKeyBytes, sign: (message: Uint8Array) => key.sign(message) });
}

/** A signer from 32 secret bytes, for keys that are kept in a file, such as a tenant's root. */
export function signerFromSeed(seed: Uint8Array): NoteSigner {
  const secret = seed.slice();
  const publicKey = ed25519.getPublicKey(secret);
  return Object.freeze({ publicKey, sign: (message: Uint8Array) => ed25519.sign(message, secret) });
}

/** True if `signature` is publicKey's over `message` (RFC 8032, strict: no small-order keys). Never throws. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false; // noble throws on wrong lengths
  }
}
