import {
  createHash,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hash,
  type KeyObject,
} from "node:crypto";
import type { KemSecret, KemTarget } from "../backend.ts";
import { concat, copyOf, plain } from "../bytes.ts";
import { nodePublicKey } from "./node-public-key.ts";
import { XWING } from "./xwing.ts";

/** Protects nothing: agreeing with it shows whether a public key is one. */
const PROBE = generateKeyPairSync("x25519").privateKey;

/** X-Wing over node:crypto's ML-KEM-768 and X25519. Both parts become KeyObjects once, here. */
export function nodeKemSecret(seed: Uint8Array): KemSecret {
  if (seed.length !== XWING.seedBytes) throw new RangeError("An X-Wing private key has 32 bytes.");
  const expanded = createHash("shake256", { outputLength: XWING.expandedBytes }).update(seed).digest();
  const mlKem = createPrivateKey({
    key: expanded.subarray(0, XWING.mlKemSeedBytes),
    format: "raw-seed",
    asymmetricKeyType: "ml-kem-768",
  });
  const x25519 = createPrivateKey({
    key: expanded.subarray(XWING.mlKemSeedBytes),
    format: "raw-private",
    asymmetricKeyType: "x25519",
  });
  expanded.fill(0);
  const x25519Public = rawPublicKey(createPublicKey(x25519));
  const publicKey = concat(rawPublicKey(createPublicKey(mlKem)), x25519Public);
  let keys: { mlKem: KeyObject; x25519: KeyObject } | undefined = { mlKem, x25519 };
  return {
    publicKey,
    decapsulate: (enc) => {
      if (!keys) throw new Error("The key was destroyed.");
      if (enc.length !== XWING.encBytes) return undefined;
      const mlKemCiphertext = enc.subarray(0, XWING.mlKemCiphertextBytes);
      const ephemeral = enc.subarray(XWING.mlKemCiphertextBytes);
      const mlKemSecret = decapsulate(keys.mlKem, mlKemCiphertext);
      const x25519Secret = agree(keys.x25519, nodePublicKey("x25519", ephemeral));
      return x25519Secret && combine(mlKemSecret, x25519Secret, ephemeral, x25519Public);
    },
    destroy: () => {
      keys = undefined;
    },
  };
}

export function nodeKemTarget(publicKey: Uint8Array): KemTarget {
  if (publicKey.length !== XWING.publicKeyBytes) throw new RangeError("An X-Wing public key has 1,216 bytes.");
  const mlKem = nodePublicKey("ml-kem-768", publicKey.subarray(0, XWING.mlKemPublicKeyBytes));
  const x25519Public = copyOf(publicKey.subarray(XWING.mlKemPublicKeyBytes));
  const x25519 = nodePublicKey("x25519", x25519Public);
  if (!agree(PROBE, x25519)) throw new RangeError("The X25519 part of the public key is of low order.");
  return {
    encapsulate: () => {
      const { sharedKey, ciphertext } = encapsulate(mlKem);
      const { privateKey, publicKey } = generateKeyPairSync("x25519");
      const ephemeral = rawPublicKey(publicKey);
      const x25519Secret = diffieHellman({ privateKey, publicKey: x25519 });
      return {
        sharedSecret: combine(sharedKey, x25519Secret, ephemeral, x25519Public),
        enc: concat(ciphertext, ephemeral),
      };
    },
  };
}

function combine(mlKemSecret: Uint8Array, x25519Secret: Uint8Array, ephemeral: Uint8Array, x25519Public: Uint8Array) {
  return plain(hash("sha3-256", concat(mlKemSecret, x25519Secret, ephemeral, x25519Public, XWING.label), "buffer"));
}

/** Undefined when the shared point is zero, which OpenSSL reports by throwing. */
function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | undefined {
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    return undefined;
  }
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return plain(key.export({ format: "raw-public" }));
}
