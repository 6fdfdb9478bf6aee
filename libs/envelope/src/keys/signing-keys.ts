import type { Signer, Verifier } from "../backend.ts";
import { copyOf } from "../bytes.ts";
import { publicKeyId } from "../derive-ids.ts";
import { EnvelopeError } from "../errors.ts";
import type { KeyId } from "../ids.ts";
import { SIGNING_KEY_BYTES } from "../limits.ts";
import { KeyHandle } from "./key-handle.ts";

/** An Ed25519 private key. */
export class SigningKey<Signature = Uint8Array> extends KeyHandle<Signer<Signature>> {
  /** 32 bytes. */
  readonly publicKeyBytes: Uint8Array;

  constructor(signer: Signer<Signature>) {
    super(publicKeyId(signer.publicKey), signer);
    this.publicKeyBytes = signer.publicKey;
  }

  /** 64 bytes over the message itself; domain separation is the caller's. @throws KEY_DESTROYED */
  sign(message: Uint8Array): Signature {
    return this.liveKey().sign(message);
  }
}

/** An Ed25519 public key. */
export class VerifyingKey<Verdict = boolean> {
  readonly keyId: KeyId;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  readonly #verifier: Verifier<Verdict>;

  constructor(bytes: Uint8Array, verifier: Verifier<Verdict>) {
    this.bytes = bytes;
    this.keyId = publicKeyId(bytes);
    this.#verifier = verifier;
  }

  verify(message: Uint8Array, signature: Uint8Array): Verdict {
    return this.#verifier.verify(message, signature);
  }
}

/** From a 32-byte seed (RFC 8032), which is copied. @throws MALFORMED on another length */
export function createSigningKey<Signature>(
  backend: { signer(seed: Uint8Array): Signer<Signature> },
  seed: Uint8Array,
): SigningKey<Signature> {
  if (seed.length !== SIGNING_KEY_BYTES) throw new EnvelopeError("MALFORMED", "A signing key is a 32-byte seed.");
  return new SigningKey(backend.signer(seed));
}

/** From 32 bytes, which are copied. @throws MALFORMED when they are no Ed25519 public key */
export function createVerifyingKey<Verdict>(
  backend: { verifier(publicKey: Uint8Array): Verifier<Verdict> },
  bytes: Uint8Array,
): VerifyingKey<Verdict> {
  const copy = copyOf(bytes);
  try {
    return new VerifyingKey(copy, backend.verifier(copy));
  } catch {
    throw new EnvelopeError("MALFORMED", "These bytes are no Ed25519 public key.");
  }
}
