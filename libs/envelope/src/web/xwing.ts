import { x25519 } from "@noble/curves/ed25519.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768_x25519 as xwing } from "@noble/post-quantum/hybrid.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import type { Encapsulation, KemSecret, KemTarget } from "../backend.ts";
import { XWING } from "../backends/xwing.ts";
import { concat, copyOf } from "../bytes.ts";
import type { Awaitable } from "./async-backend.ts";
import { ImportedKey, pkcs8 } from "./imported-key.ts";
import { decapsulate, encapsulate, isOperationError, type NativeAlgorithms, type Subtle } from "./web-crypto.ts";

const ML_KEM = { name: "ML-KEM-768" } as const;
const X25519 = { name: "X25519" } as const;

/** One of X-Wing's two private keys: gives the shared secret, or undefined when the other side's part is impossible. */
interface PrivatePart {
  readonly publicKey: Uint8Array;
  agree(other: Uint8Array): Awaitable<Uint8Array | undefined>;
  destroy(): void;
}

/** X-Wing over whichever parts are native. Key pairs are expanded, and hashes combined, in JavaScript. */
export function webKemSecret(
  subtle: Subtle,
  native: NativeAlgorithms,
  seed: Uint8Array,
): KemSecret<Promise<Uint8Array | undefined>> {
  if (seed.length !== XWING.seedBytes) throw new RangeError("An X-Wing private key has 32 bytes.");
  const expanded = shake256(seed, { dkLen: XWING.expandedBytes });
  const mlKem = mlKemPart(subtle, native, expanded.subarray(0, XWING.mlKemSeedBytes));
  const ecdh = x25519Part(subtle, native, expanded.subarray(XWING.mlKemSeedBytes));
  expanded.fill(0);
  return {
    publicKey: concat(mlKem.publicKey, ecdh.publicKey),
    decapsulate: async (enc) => {
      if (enc.length !== XWING.encBytes) return undefined;
      const ephemeral = copyOf(enc.subarray(XWING.mlKemCiphertextBytes));
      const [mlKemSecret, ecdhSecret] = await Promise.all([
        mlKem.agree(copyOf(enc.subarray(0, XWING.mlKemCiphertextBytes))),
        ecdh.agree(ephemeral),
      ]);
      return mlKemSecret && ecdhSecret && combine(mlKemSecret, ecdhSecret, ephemeral, ecdh.publicKey);
    },
    destroy: () => {
      mlKem.destroy();
      ecdh.destroy();
    },
  };
}

/** @throws when the 1,216 bytes are no X-Wing public key */
export function webKemTarget(
  subtle: Subtle,
  native: NativeAlgorithms,
  publicKey: Uint8Array,
): KemTarget<Promise<Encapsulation>> {
  // Refuses another length, coefficients that are not reduced, and a point of low order: now and not at first use.
  xwing.encapsulate(publicKey, new Uint8Array(XWING.mlKemSeedBytes));
  const mlKemPublic = copyOf(publicKey.subarray(0, XWING.mlKemPublicKeyBytes));
  const x25519Public = copyOf(publicKey.subarray(XWING.mlKemPublicKeyBytes));
  const mlKemKey = new ImportedKey(mlKemPublic, (copy) =>
    subtle.importKey("raw-public", copy, ML_KEM, true, ["encapsulateBits"]),
  );
  return {
    encapsulate: async () => {
      const [mlKem, ecdh] = await Promise.all([
        native.mlKem768 ? nativeMlKem(subtle, mlKemKey) : nobleMlKem(mlKemPublic),
        native.x25519 ? nativeEphemeral(subtle, x25519Public) : nobleEphemeral(x25519Public),
      ]);
      return {
        sharedSecret: combine(mlKem.secret, ecdh.secret, ecdh.ephemeral, x25519Public),
        enc: concat(mlKem.ciphertext, ecdh.ephemeral),
      };
    },
  };
}

async function nativeMlKem(subtle: Subtle, key: ImportedKey): Promise<{ secret: Uint8Array; ciphertext: Uint8Array }> {
  const { sharedKey, ciphertext } = await encapsulate(subtle, await key.get());
  return { secret: new Uint8Array(sharedKey), ciphertext: new Uint8Array(ciphertext) };
}

function nobleMlKem(publicKey: Uint8Array): { secret: Uint8Array; ciphertext: Uint8Array } {
  const { sharedSecret, cipherText } = ml_kem768.encapsulate(publicKey);
  return { secret: sharedSecret, ciphertext: cipherText };
}

interface Ephemeral {
  readonly ephemeral: Uint8Array;
  readonly secret: Uint8Array;
}

async function nativeEphemeral(subtle: Subtle, other: Uint8Array): Promise<Ephemeral> {
  const [{ privateKey, publicKey }, otherKey] = await Promise.all([
    subtle.generateKey(X25519, false, ["deriveBits"]),
    subtle.importKey("raw", other, X25519, true, []),
  ]);
  const [secret, ephemeral] = await Promise.all([
    subtle.deriveBits({ ...X25519, public: otherKey }, privateKey, 256),
    subtle.exportKey("raw", publicKey),
  ]);
  return { ephemeral: new Uint8Array(ephemeral), secret: new Uint8Array(secret) };
}

function nobleEphemeral(other: Uint8Array): Ephemeral {
  const { secretKey, publicKey } = x25519.keygen();
  const secret = x25519.getSharedSecret(secretKey, other);
  secretKey.fill(0);
  return { ephemeral: publicKey, secret };
}

function mlKemPart(subtle: Subtle, native: NativeAlgorithms, seed: Uint8Array): PrivatePart {
  const { publicKey, secretKey } = ml_kem768.keygen(seed);
  if (!native.mlKem768) {
    return {
      publicKey,
      agree: (ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey),
      destroy: () => secretKey.fill(0),
    };
  }
  secretKey.fill(0);
  const key = new ImportedKey(seed, (copy) => subtle.importKey("raw-seed", copy, ML_KEM, false, ["decapsulateBits"]));
  return {
    publicKey,
    agree: async (ciphertext) => new Uint8Array(await decapsulate(subtle, await key.get(), ciphertext)),
    destroy: () => {
      key.destroy();
    },
  };
}

function x25519Part(subtle: Subtle, native: NativeAlgorithms, privateKey: Uint8Array): PrivatePart {
  const publicKey = x25519.getPublicKey(privateKey);
  return native.x25519
    ? nativeX25519Part(subtle, privateKey, publicKey)
    : nobleX25519Part(copyOf(privateKey), publicKey);
}

function nobleX25519Part(privateKey: Uint8Array, publicKey: Uint8Array): PrivatePart {
  return {
    publicKey,
    agree: (ephemeral) => {
      try {
        return x25519.getSharedSecret(privateKey, ephemeral);
      } catch {
        return undefined; // a point of low order
      }
    },
    destroy: () => privateKey.fill(0),
  };
}

function nativeX25519Part(subtle: Subtle, privateKey: Uint8Array, publicKey: Uint8Array): PrivatePart {
  const encoded = pkcs8("X25519", privateKey);
  const key = new ImportedKey(encoded, (copy) => subtle.importKey("pkcs8", copy, X25519, false, ["deriveBits"]));
  encoded.fill(0);
  return {
    publicKey,
    agree: async (ephemeral) => {
      const own = await key.get();
      const other = await subtle.importKey("raw", ephemeral, X25519, true, []);
      try {
        return new Uint8Array(await subtle.deriveBits({ ...X25519, public: other }, own, 256));
      } catch (error) {
        if (isOperationError(error)) return undefined; // a point of low order
        throw error;
      }
    },
    destroy: () => {
      key.destroy();
    },
  };
}

/** The combiner of the draft's section 5.3; erases both secrets. */
function combine(mlKemSecret: Uint8Array, x25519Secret: Uint8Array, ephemeral: Uint8Array, x25519Public: Uint8Array) {
  const input = concat(mlKemSecret, x25519Secret, ephemeral, x25519Public, XWING.label);
  const sharedSecret = sha3_256(input);
  for (const secret of [input, mlKemSecret, x25519Secret]) secret.fill(0);
  return sharedSecret;
}
