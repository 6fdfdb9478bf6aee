import { hash, randomBytes } from "node:crypto";
import { nobleBackend } from "@cloister/envelope/noble";
import type { AeadKey, EnvelopeBackend } from "@cloister/envelope";

/**
 * The envelope's port without its work: ciphers copy, the KEM gives zeros, signatures are zeros that every verifier takes,
 * HKDF gives its key material back. SHA-256 and the public keys stay, since ids are made of them, and so does the size of
 * everything. For measuring what sealing costs, and for nothing else.
 */
export const nullBackend: EnvelopeBackend = {
  name: "null",
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  digests: {
    sha256,
    hkdfExtract: (_salt, ikm) => filled(ikm, 32),
    hkdfExpand: (prk, _info, length) => filled(prk, length),
    hkdf: (ikm, _salt, _info, length) => filled(ikm, length),
  },
  aeadKey: () => copying,
  kemSecret: (seed) => ({
    publicKey: filled(sha256(seed), 1_216),
    decapsulate: () => new Uint8Array(32),
    destroy: () => undefined,
  }),
  kemTarget: () => ({
    encapsulate: () => ({ sharedSecret: new Uint8Array(32), enc: new Uint8Array(1_120) }),
  }),
  signer: (seed) => {
    const real = nobleBackend.signer(seed);
    // Requests are signed by the same key and are no part of what is measured: `keys` checks them as ever.
    const sign = (message: Uint8Array): Uint8Array => (isOfEnvelope(message) ? new Uint8Array(64) : real.sign(message));
    return { publicKey: real.publicKey, sign, destroy: () => real.destroy() };
  },
  verifier: () => ({ verify: () => true }),
};

const TAG_BYTES = 16;
const signatureLabel = Buffer.from("cloister/v1 sig");

function isOfEnvelope(message: Uint8Array): boolean {
  return signatureLabel.equals(message.subarray(0, signatureLabel.length));
}

const copying: AeadKey = {
  seal: (_suite, _nonce, _aad, plaintext, into) => {
    into.set(plaintext);
  },
  open: (_suite, _nonce, _aad, sealed) =>
    sealed.length < TAG_BYTES ? undefined : sealed.slice(0, sealed.length - TAG_BYTES),
  destroy: () => undefined,
};

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

/** The first bytes, repeated to that length. */
function filled(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => bytes[at % Math.max(1, bytes.length)] ?? 0);
}
