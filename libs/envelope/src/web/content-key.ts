import type { Suite } from "@cloister/contracts/envelope";
import { nobleBackend } from "../backends/noble.ts";
import { KemPrivateKey, type KemPublicKey } from "../keys/kem-keys.ts";
import { WrapKey } from "../keys/wrap-key.ts";
import { SEALED_CEK_BYTES } from "../limits.ts";
import type { KemRecipient, Recipient, WrapRecipient } from "../parse.ts";
import { cekAad, type CekContext, cekSchedule, requireCek } from "../recipients.ts";
import type { AsyncBackend, AsyncOpeningKey, AsyncRecipientKey } from "./async-backend.ts";

export interface SealedCek {
  readonly key: AsyncRecipientKey;
  /** 1,120 or 12 bytes. */
  readonly encOrNonce: Uint8Array;
  /** 48 bytes. */
  readonly sealedCek: Uint8Array;
}

/** `nonce` (12 random bytes) is used by the wrap kind only. @throws KEY_DESTROYED, KEY_UNAVAILABLE */
export async function sealCekWeb(
  backend: AsyncBackend,
  key: AsyncRecipientKey,
  context: CekContext,
  cek: Uint8Array,
  nonce: Uint8Array,
): Promise<SealedCek> {
  const sealedCek = new Uint8Array(SEALED_CEK_BYTES);
  if (key instanceof WrapKey) {
    await key.wrap(context.suite, nonce, cekAad("wrap", key.keyId, context), cek, sealedCek);
    return { key, encOrNonce: nonce, sealedCek };
  }
  const aad = cekAad("kem", key.keyId, context);
  const { enc, sharedSecret } = await key.encapsulate();
  await withHpkeKeyWeb(backend, key, context.suite, sharedSecret, (aead, baseNonce) =>
    aead.seal(context.suite, baseNonce, aad, cek, sealedCek),
  );
  return { key, encOrNonce: enc, sealedCek };
}

/** The CEK. @throws AUTHENTICATION_FAILED when it was not sealed to this key in this context, KEY_DESTROYED */
export async function openCekWeb(
  backend: AsyncBackend,
  recipient: Recipient,
  key: AsyncOpeningKey,
  context: CekContext,
): Promise<Uint8Array> {
  const opening =
    recipient.kind === "wrap" ? unwrap(recipient, key, context) : decapsulate(backend, recipient, key, context);
  return requireCek(await opening);
}

async function unwrap(
  recipient: WrapRecipient,
  key: AsyncOpeningKey,
  context: CekContext,
): Promise<Uint8Array | undefined> {
  if (!(key instanceof WrapKey)) return undefined;
  return key.unwrap(context.suite, recipient.nonce, cekAad("wrap", recipient.keyId, context), recipient.sealedCek);
}

async function decapsulate(
  backend: AsyncBackend,
  recipient: KemRecipient,
  key: AsyncOpeningKey,
  context: CekContext,
): Promise<Uint8Array | undefined> {
  if (!(key instanceof KemPrivateKey)) return undefined;
  const sharedSecret = await key.decapsulate(recipient.enc);
  if (!sharedSecret) return undefined;
  const aad = cekAad("kem", recipient.keyId, context);
  return withHpkeKeyWeb(backend, key, context.suite, sharedSecret, (aead, baseNonce) =>
    aead.open(context.suite, baseNonce, aad, recipient.sealedCek),
  );
}

/** As `withHpkeKey`, by RFC 9180's key schedule as HKDF's one call: its Extract and Expand are RFC 5869's, labelled. */
async function withHpkeKeyWeb<T>(
  backend: AsyncBackend,
  handle: KemPublicKey<unknown> | KemPrivateKey<unknown>,
  suite: Suite,
  sharedSecret: Uint8Array,
  use: (aead: ReturnType<AsyncBackend["aeadKey"]>, baseNonce: Uint8Array) => T | Promise<T>,
): Promise<T> {
  // Of public values only, and kept for the key: not worth waiting for.
  const { secretIkm, keyInfo, nonceInfo } = cekSchedule(nobleBackend.digests, handle, suite);
  const [key, baseNonce] = await Promise.all([
    backend.digests.hkdf(secretIkm, sharedSecret, keyInfo, 32),
    backend.digests.hkdf(secretIkm, sharedSecret, nonceInfo, 12),
  ]);
  const aead = backend.aeadKey(key);
  try {
    return await use(aead, baseNonce);
  } finally {
    aead.destroy();
    key.fill(0);
    sharedSecret.fill(0);
  }
}
