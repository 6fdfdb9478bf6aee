import type { Suite } from "@cloister/contracts/envelope";
import type { AeadKey, Digests, EnvelopeBackend } from "./backend.ts";
import { concat } from "./bytes.ts";
import { EnvelopeError } from "./errors.ts";
import { hpkeKey, type HpkeSchedule, hpkeSchedule } from "./hpke.ts";
import { KemPrivateKey, type KemPublicKey } from "./keys/kem-keys.ts";
import { WrapKey } from "./keys/wrap-key.ts";
import { LABELS } from "./labels.ts";
import { ID_BYTES, KEM_ENC_BYTES, NONCE_BYTES, SEALED_CEK_BYTES } from "./limits.ts";
import type { KemRecipient, Recipient, WrapRecipient } from "./parse.ts";
import { type CanonicalWriter, fieldBytes } from "./wire/canonical-writer.ts";

/** Who an envelope can be sealed to. */
export type RecipientKey = KemPublicKey | WrapKey;
/** What a recipient opens it with. */
export type OpeningKey = KemPrivateKey | WrapKey;
/** The same on any backend, for what needs their names only. */
export type AnyRecipientKey = KemPublicKey<unknown> | WrapKey<unknown, unknown>;
export type AnyOpeningKey = KemPrivateKey<unknown> | WrapKey<unknown, unknown>;

/** What a sealed CEK is bound to. */
export interface CekContext {
  readonly suite: Suite;
  readonly protectedHash: Uint8Array;
  readonly commitment: Uint8Array;
}

type AnyKemKey = KemPublicKey<unknown> | KemPrivateKey<unknown>;

const KEM_FIELD = 1;
const WRAP_FIELD = 2;
const RECIPIENT_FIELD = 2;
const KEM_BYTES = fieldBytes(ID_BYTES) + fieldBytes(KEM_ENC_BYTES) + fieldBytes(SEALED_CEK_BYTES);
const WRAP_BYTES = fieldBytes(ID_BYTES) + fieldBytes(NONCE_BYTES) + fieldBytes(SEALED_CEK_BYTES);

/** Bytes that this recipient takes in the envelope. */
export function recipientBytes(key: AnyRecipientKey): number {
  return fieldBytes(fieldBytes(key instanceof WrapKey ? WRAP_BYTES : KEM_BYTES));
}

/** Writes the recipient. `nonce` (12 random bytes) is used by the wrap kind only. */
export function writeRecipient(
  backend: EnvelopeBackend,
  writer: CanonicalWriter,
  key: RecipientKey,
  context: CekContext,
  cek: Uint8Array,
  nonce: Uint8Array,
): void {
  if (key instanceof WrapKey) {
    const aad = cekAad("wrap", key.keyId, context);
    key.wrap(context.suite, nonce, aad, cek, openRecipient(writer, key, nonce));
  } else {
    const aad = cekAad("kem", key.keyId, context);
    const { enc, sharedSecret } = key.encapsulate();
    const sealedCek = openRecipient(writer, key, enc);
    withHpkeKey(backend, key, context.suite, sharedSecret, (aead, nonce) => {
      aead.seal(context.suite, nonce, aad, cek, sealedCek);
    });
  }
}

/** Writes all of the recipient but its sealed CEK, 48 bytes whose place is returned to be filled. */
export function openRecipient(writer: CanonicalWriter, key: AnyRecipientKey, encOrNonce: Uint8Array): Uint8Array {
  const isWrap = key instanceof WrapKey;
  const kindBytes = isWrap ? WRAP_BYTES : KEM_BYTES;
  writer.open(RECIPIENT_FIELD, fieldBytes(kindBytes));
  writer.open(isWrap ? WRAP_FIELD : KEM_FIELD, kindBytes);
  writer.bytes(1, key.keyId);
  writer.bytes(2, encOrNonce);
  return writer.reserve(3, SEALED_CEK_BYTES);
}

/** The CEK. @throws AUTHENTICATION_FAILED when it was not sealed to this key in this context, KEY_DESTROYED */
export function openCek(
  backend: EnvelopeBackend,
  recipient: Recipient,
  key: OpeningKey,
  context: CekContext,
): Uint8Array {
  const cek =
    recipient.kind === "wrap" ? unwrap(recipient, key, context) : decapsulate(backend, recipient, key, context);
  return requireCek(cek);
}

/** @throws AUTHENTICATION_FAILED when there is none */
export function requireCek(cek: Uint8Array | undefined): Uint8Array {
  if (cek) return cek;
  throw new EnvelopeError(
    "AUTHENTICATION_FAILED",
    "The content key does not open: envelope changed, or sealed to another key.",
  );
}

function unwrap(recipient: WrapRecipient, key: OpeningKey, context: CekContext): Uint8Array | undefined {
  if (!(key instanceof WrapKey)) return undefined;
  return key.unwrap(context.suite, recipient.nonce, cekAad("wrap", recipient.keyId, context), recipient.sealedCek);
}

function decapsulate(
  backend: EnvelopeBackend,
  recipient: KemRecipient,
  key: OpeningKey,
  context: CekContext,
): Uint8Array | undefined {
  if (!(key instanceof KemPrivateKey)) return undefined;
  const sharedSecret = key.decapsulate(recipient.enc);
  if (!sharedSecret) return undefined;
  const aad = cekAad("kem", recipient.keyId, context);
  return withHpkeKey(backend, key, context.suite, sharedSecret, (aead, nonce) =>
    aead.open(context.suite, nonce, aad, recipient.sealedCek),
  );
}

/** Runs the HPKE key schedule for a CEK, and erases what it gave. */
function withHpkeKey<T>(
  backend: EnvelopeBackend,
  handle: KemPublicKey | KemPrivateKey,
  suite: Suite,
  sharedSecret: Uint8Array,
  use: (aead: AeadKey, nonce: Uint8Array) => T,
): T {
  const { key, baseNonce } = hpkeKey(backend.digests, cekSchedule(backend.digests, handle, suite), sharedSecret);
  const aead = backend.aeadKey(key);
  const result = use(aead, baseNonce);
  aead.destroy();
  key.fill(0);
  sharedSecret.fill(0);
  return result;
}

const schedules = new WeakMap<AnyKemKey, Partial<Record<Suite, HpkeSchedule>>>();

/** The HPKE schedule for info = label ‖ suite ‖ key_id, which is the same for every message to a key. */
export function cekSchedule(digests: Digests, key: AnyKemKey, suite: Suite): HpkeSchedule {
  let bySuite = schedules.get(key);
  if (!bySuite) schedules.set(key, (bySuite = {}));
  return (bySuite[suite] ??= hpkeSchedule(digests, suite, concat(LABELS.cek, Uint8Array.of(suite), key.keyId)));
}

/** What a sealed CEK is bound to: label ‖ key_id ‖ SHA-256(protected) ‖ commitment. */
export function cekAad(kind: Recipient["kind"], keyId: Uint8Array, context: CekContext): Uint8Array {
  const label = kind === "wrap" ? LABELS.wrapAad : LABELS.kemAad;
  return concat(label, keyId, context.protectedHash, context.commitment);
}
