import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expand, extract, hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { randomBytes as systemRandomBytes } from "@noble/hashes/utils.js";
import { ml_kem768_x25519 as xwing } from "@noble/post-quantum/hybrid.js";
import { Suite } from "@cloister/contracts/envelope";
import type { AeadKey, EnvelopeBackend, KemSecret, Signer } from "../backend.ts";
import { copyOf } from "../bytes.ts";
import { XWING } from "./xwing.ts";

/** A backend for browsers and for Node without OpenSSL's newer algorithms: plain JavaScript, no I/O but randomness. */
export function createNobleBackend(randomBytes: (length: number) => Uint8Array = systemRandomBytes): EnvelopeBackend {
  return {
    name: "noble",
    randomBytes,
    digests: {
      sha256: (bytes) => sha256(bytes),
      hkdfExtract: (salt, ikm) => extract(sha256, ikm, salt),
      hkdfExpand: (prk, info, length) => expand(sha256, prk, info, length),
      hkdf: (ikm, salt, info, length) => hkdf(sha256, ikm, salt, info, length),
    },
    aeadKey,
    kemSecret,
    kemTarget: (publicKey) => {
      // Refuses a key of another length, and an ML-KEM key whose coefficients are not reduced, now and not at first use.
      xwing.encapsulate(publicKey, new Uint8Array(XWING.mlKemSeedBytes));
      const target = copyOf(publicKey);
      return {
        encapsulate: () => {
          const { cipherText, sharedSecret } = xwing.encapsulate(target, randomBytes(XWING.mlKemSeedBytes));
          return { sharedSecret, enc: cipherText };
        },
      };
    },
    signer,
    verifier: (publicKey) => {
      ed25519.Point.fromBytes(publicKey, false);
      const key = copyOf(publicKey);
      return { verify: (message, signature) => isValidSignature(signature, message, key) };
    },
  };
}

export const nobleBackend: EnvelopeBackend = createNobleBackend();

function aeadKey(bytes: Uint8Array): AeadKey {
  if (bytes.length !== 32) throw new RangeError("An AEAD key has 32 bytes.");
  const key = copyOf(bytes);
  const cipher = (suite: Suite, nonce: Uint8Array, aad: Uint8Array) =>
    suite === Suite.AES_256_GCM ? gcm(key, nonce, aad) : chacha20poly1305(key, nonce, aad);
  return {
    seal: (suite, nonce, aad, plaintext, into) => {
      into.set(cipher(suite, nonce, aad).encrypt(plaintext));
    },
    open: (suite, nonce, aad, sealed) => {
      try {
        return cipher(suite, nonce, aad).decrypt(sealed);
      } catch {
        return undefined; // the lengths were checked before, so this is the tag
      }
    },
    destroy: () => key.fill(0),
  };
}

function kemSecret(seed: Uint8Array): KemSecret {
  if (seed.length !== XWING.seedBytes) throw new RangeError("An X-Wing private key has 32 bytes.");
  const { secretKey, publicKey } = xwing.keygen(copyOf(seed));
  return {
    publicKey,
    decapsulate: (enc) => {
      if (enc.length !== XWING.encBytes) return undefined;
      try {
        return xwing.decapsulate(enc, secretKey);
      } catch {
        return undefined; // an X25519 part of low order
      }
    },
    destroy: () => secretKey.fill(0),
  };
}

function signer(seed: Uint8Array): Signer {
  if (seed.length !== 32) throw new RangeError("An Ed25519 private key has 32 bytes.");
  const key = copyOf(seed);
  return {
    publicKey: ed25519.getPublicKey(key),
    sign: (message) => ed25519.sign(message, key),
    destroy: () => key.fill(0),
  };
}

function isValidSignature(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false; // not 64 bytes
  }
}
