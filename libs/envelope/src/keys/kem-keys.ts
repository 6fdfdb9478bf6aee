import type { Encapsulation, KemSecret, KemTarget } from "../backend.ts";
import { copyOf } from "../bytes.ts";
import { publicKeyId } from "../derive-ids.ts";
import { EnvelopeError } from "../errors.ts";
import type { KeyId } from "../ids.ts";
import { KEM_PUBLIC_KEY_BYTES, KEM_SEED_BYTES } from "../limits.ts";
import { KeyHandle } from "./key-handle.ts";

/** An X-Wing public key that CEKs are sealed to. */
export class KemPublicKey<Fresh = Encapsulation> {
  readonly keyId: KeyId;
  /** 1,216 bytes. */
  readonly bytes: Uint8Array;
  readonly #target: KemTarget<Fresh>;

  constructor(bytes: Uint8Array, target: KemTarget<Fresh>) {
    this.bytes = bytes;
    this.keyId = publicKeyId(bytes);
    this.#target = target;
  }

  encapsulate(): Fresh {
    return this.#target.encapsulate();
  }
}

/** An X-Wing private key, made from a 32-byte seed. */
export class KemPrivateKey<Shared = Uint8Array | undefined> extends KeyHandle<KemSecret<Shared>> {
  /** 1,216 bytes. */
  readonly publicKeyBytes: Uint8Array;

  constructor(secret: KemSecret<Shared>) {
    super(publicKeyId(secret.publicKey), secret);
    this.publicKeyBytes = secret.publicKey;
  }

  /** The shared secret, or undefined when `enc` can't be an encapsulation. @throws KEY_DESTROYED */
  decapsulate(enc: Uint8Array): Shared {
    return this.liveKey().decapsulate(enc);
  }
}

/** From 1,216 bytes, which are copied. @throws MALFORMED when they are no X-Wing public key */
export function createKemPublicKey<Fresh>(
  backend: { kemTarget(publicKey: Uint8Array): KemTarget<Fresh> },
  bytes: Uint8Array,
): KemPublicKey<Fresh> {
  if (bytes.length !== KEM_PUBLIC_KEY_BYTES) throw notAKemKey();
  const copy = copyOf(bytes);
  try {
    return new KemPublicKey(copy, backend.kemTarget(copy));
  } catch {
    throw notAKemKey();
  }
}

/** From a 32-byte seed, which is copied. @throws MALFORMED on another length */
export function createKemPrivateKey<Shared>(
  backend: { kemSecret(seed: Uint8Array): KemSecret<Shared> },
  seed: Uint8Array,
): KemPrivateKey<Shared> {
  if (seed.length !== KEM_SEED_BYTES) throw new EnvelopeError("MALFORMED", "An X-Wing private key is a 32-byte seed.");
  return new KemPrivateKey(backend.kemSecret(seed));
}

function notAKemKey(): EnvelopeError {
  return new EnvelopeError("MALFORMED", "These bytes are no X-Wing public key.");
}
