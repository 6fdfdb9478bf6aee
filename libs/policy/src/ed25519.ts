import type { SigningKey } from "@cloister/envelope";
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { toBase64 } from "./base64.ts";

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

/**
 * True if `signature` is publicKey's over `message` (RFC 8032, strict: no small-order keys). Never throws. In Node by
 * OpenSSL's equation, without the cofactor: it refuses what a signer made to hold by the other one alone.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const verify = openssl === undefined ? verifyByNoble : verifyByOpenssl;
  try {
    return verify(publicKey, message, signature);
  } catch {
    return false; // both throw on what is no key, noble on a signature of a wrong length as well
  }
}

export function verifyByNoble(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}

type Openssl = ReturnType<typeof process.getBuiltinModule<"node:crypto">>;

/** As it is in a browser, or in Node. */
interface Surroundings {
  readonly process?: Partial<Pick<NodeJS.Process, "getBuiltinModule">>;
}

/** Node's own: a tenth of the time of @noble/curves, and every service verifies notes of each conversation. */
const openssl = opensslOf(globalThis);

export function opensslOf({ process }: Surroundings): Openssl | undefined {
  return process?.getBuiltinModule?.("node:crypto");
}

type NodeKey = ReturnType<Openssl["createPublicKey"]>;

/** The keys that something was signed by, those used last: a tenant's notes are signed by a few. */
const MAX_NODE_KEYS = 256;
const nodeKeys = new Map<string, NodeKey>();

export function verifyByOpenssl(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const name = bytesToHex(publicKey);
  const key = nodeKeys.get(name) ?? nodeKeyOf(publicKey);
  const isValid = openssl?.verify(null, message, key, signature) === true;
  if (isValid) hold(name, key);
  return isValid;
}

function hold(name: string, key: NodeKey): void {
  nodeKeys.delete(name);
  nodeKeys.set(name, key);
  const [oldest] = nodeKeys.keys();
  if (nodeKeys.size > MAX_NODE_KEYS && oldest !== undefined) nodeKeys.delete(oldest);
}

/** @throws for bytes that are no key in RFC 8032's one form, and for a key of small order, which OpenSSL takes */
function nodeKeyOf(publicKey: Uint8Array): NodeKey {
  if (openssl === undefined) throw new Error("there is no OpenSSL here");
  if (ed25519.Point.fromBytes(publicKey).isSmallOrder()) throw new Error("the key is of small order");
  const x = toBase64(publicKey).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
  return openssl.createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}
