import type { Suite } from "@cloister/contracts/envelope";
import type { Digests, EnvelopeBackend } from "./backend.ts";
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

/** What a sealed CEK is bound to. */
export interface CekContext {
  readonly suite: Suite;
  readonly protectedHash: Uint8Array;
  readonly commitment: Uint8Array;
}

const KEM_FIELD = 1;
const WRAP_FIELD = 2;
const RECIPIENT_FIELD = 2;
const KEM_BYTES = fieldBytes(ID_BYTES) + fieldBytes(KEM_ENC_BYTES) + fieldBytes(SEALED_CEK_BYTES);
const WRAP_BYTES = fieldBytes(ID_BYTES) + fieldBytes(NONCE_BYTES) + fieldBytes(SEALED_CEK_BYTES);

/** Bytes that this recipient takes in the envelope. */
export function recipientBytes(key: RecipientKey): number {
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
  const isWrap = key instanceof WrapKey;
  const kindBytes = isWrap ? WRAP_BYTES : KEM_BYTES;
  writer.open(RECIPIENT_FIELD, fieldBytes(kindBytes));
  writer.open(isWrap ? WRAP_FIELD : KEM_FIELD, kindBytes);
  writer.bytes(1, key.keyId);
  if (isWrap) {
    writer.bytes(2, nonce);
    key.wrap(
      context.suite,
      nonce,
      cekAad(LABELS.wrapAad, key.keyId, context),
      cek,
      writer.reserve(3, SEALED_CEK_BYTES),
    );
  } else {
    const { enc, sharedSecret } = key.encapsulate();
    writer.bytes(2, enc);
    const sealedCek = writer.reserve(3, SEALED_CEK_BYTES);
    const aad = cekAad(LABELS.kemAad, key.keyId, context);
    withHpkeKey(backend, key, context.suite, sharedSecret, (aead, nonce) => {
      aead.seal(context.suite, nonce, aad, cek, sealedCek);
    });
  }
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
  if (cek) return cek;
  throw new EnvelopeError(
    "AUTHENTICATION_FAILED",
    "The content key does not open: envelope changed, or sealed to another key.",
  );
}

function unwrap(recipient: WrapRecipient, key: OpeningKey, context: CekContext): Uint8Array | undefined {
  if (!(key instanceof WrapKey)) return undefined;
  const aad = cekAad(LABELS.wrapAad, recipient.keyId, context);
  return key.unwrap(context.suite, recipient.nonce, aad, recipient.sealedCek);
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
  const aad = cekAad(LABELS.kemAad, recipient.keyId, context);
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
  use: (aead: ReturnType<EnvelopeBackend["aeadKey"]>, nonce: Uint8Array) => T,
): T {
  const { key, baseNonce } = hpkeKey(backend.digests, cekSchedule(backend.digests, handle, suite), sharedSecret);
  const aead = backend.aeadKey(key);
  const result = use(aead, baseNonce);
  aead.destroy();
  key.fill(0);
  sharedSecret.fill(0);
  return result;
}

const schedules = new WeakMap<KemPublicKey | KemPrivateKey, Partial<Record<Suite, HpkeSchedule>>>();

/** The HPKE schedule for info = label ‖ suite ‖ key_id, which is the same for every message to a key. */
function cekSchedule(digests: Digests, key: KemPublicKey | KemPrivateKey, suite: Suite): HpkeSchedule {
  let bySuite = schedules.get(key);
  if (!bySuite) schedules.set(key, (bySuite = {}));
  return (bySuite[suite] ??= hpkeSchedule(digests, suite, concat(LABELS.cek, Uint8Array.of(suite), key.keyId)));
}

function cekAad(label: Uint8Array, keyId: Uint8Array, context: CekContext): Uint8Array {
  return concat(label, keyId, context.protectedHash, context.commitment);
}
