import { Suite } from "@cloister/contracts/envelope";
import type { Digests, EnvelopeBackend } from "./backend.ts";
import { asciiBytes, concat } from "./bytes.ts";
import { EnvelopeError } from "./errors.ts";
import type { KemPrivateKey, KemPublicKey } from "./keys/kem-keys.ts";
import { KEM_ENC_BYTES, TAG_BYTES } from "./limits.ts";

/** RFC 9180, mode base, single shot: KEM X-Wing (0x647A), KDF HKDF-SHA-256 (0x0001), AEAD by suite. */
const KEM_ID = [0x64, 0x7a] as const;
const KDF_ID = [0x00, 0x01] as const;
const AEAD_IDS = { [Suite.AES_256_GCM]: [0x00, 0x02], [Suite.CHACHA20_POLY1305]: [0x00, 0x03] } as const;
const MODE_BASE = 0x00;

type HpkeSuite = keyof typeof AEAD_IDS;

/** What of RFC 9180's key schedule depends on the info alone, so that it is computed once for a key and not once a message. */
export interface HpkeSchedule {
  readonly secretIkm: Uint8Array;
  readonly keyInfo: Uint8Array;
  readonly nonceInfo: Uint8Array;
}

export interface HpkeKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes: the nonce of the first and only message. */
  readonly baseNonce: Uint8Array;
}

/** RFC 9180 section 5.1, up to the shared secret. `kemId` is X-Wing's but for the RFC's own vectors. */
export function hpkeSchedule(
  digests: Digests,
  suite: Suite,
  info: Uint8Array,
  kemId: readonly number[] = KEM_ID,
): HpkeSchedule {
  const suiteId = concat(asciiBytes("HPKE"), Uint8Array.of(...kemId, ...KDF_ID, ...AEAD_IDS[knownSuite(suite)]));
  const labeled = (label: string, input: Uint8Array): Uint8Array =>
    concat(asciiBytes("HPKE-v1"), suiteId, asciiBytes(label), input);
  const none = new Uint8Array(0);
  const pskIdHash = digests.hkdfExtract(none, labeled("psk_id_hash", none));
  const infoHash = digests.hkdfExtract(none, labeled("info_hash", info));
  const context = concat(Uint8Array.of(MODE_BASE), pskIdHash, infoHash);
  return {
    secretIkm: labeled("secret", none),
    keyInfo: concat(Uint8Array.of(0, 32), labeled("key", context)),
    nonceInfo: concat(Uint8Array.of(0, 12), labeled("base_nonce", context)),
  };
}

/** RFC 9180 section 5.1, from the 32-byte shared secret on. */
export function hpkeKey(digests: Digests, schedule: HpkeSchedule, sharedSecret: Uint8Array): HpkeKey {
  const secret = digests.hkdfExtract(sharedSecret, schedule.secretIkm);
  return {
    key: digests.hkdfExpand(secret, schedule.keyInfo, 32),
    baseNonce: digests.hkdfExpand(secret, schedule.nonceInfo, 12),
  };
}

/** RFC 9180 section 6.1 to an X-Wing key: enc (1,120 bytes) ‖ ciphertext ‖ tag (16 bytes). `info` and `aad` are the caller's. */
export function hpkeSeal(
  backend: EnvelopeBackend,
  publicKey: KemPublicKey,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  suite: Suite = Suite.AES_256_GCM,
): Uint8Array {
  const { enc, sharedSecret } = publicKey.encapsulate();
  const { key, baseNonce } = hpkeKey(backend.digests, hpkeSchedule(backend.digests, suite, info), sharedSecret);
  const sealed = new Uint8Array(KEM_ENC_BYTES + plaintext.length + TAG_BYTES);
  sealed.set(enc);
  const aead = backend.aeadKey(key);
  aead.seal(suite, baseNonce, aad, plaintext, sealed.subarray(KEM_ENC_BYTES));
  erase(aead, key, sharedSecret);
  return sealed;
}

/**
 * The plaintext of what `hpkeSeal` made with the same info, aad and suite.
 * @throws MALFORMED when it is too short, AUTHENTICATION_FAILED, KEY_DESTROYED
 */
export function hpkeOpen(
  backend: EnvelopeBackend,
  privateKey: KemPrivateKey,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  suite: Suite = Suite.AES_256_GCM,
): Uint8Array {
  if (sealed.length < KEM_ENC_BYTES + TAG_BYTES) throw new EnvelopeError("MALFORMED", "The HPKE message is too short.");
  const sharedSecret = privateKey.decapsulate(sealed.subarray(0, KEM_ENC_BYTES));
  if (!sharedSecret) throw notAuthentic();
  const { key, baseNonce } = hpkeKey(backend.digests, hpkeSchedule(backend.digests, suite, info), sharedSecret);
  const aead = backend.aeadKey(key);
  const plaintext = aead.open(suite, baseNonce, aad, sealed.subarray(KEM_ENC_BYTES));
  erase(aead, key, sharedSecret);
  if (!plaintext) throw notAuthentic();
  return plaintext;
}

function erase(aead: { destroy(): void }, ...secrets: readonly Uint8Array[]): void {
  aead.destroy();
  for (const secret of secrets) secret.fill(0);
}

function knownSuite(suite: Suite): HpkeSuite {
  if (suite === Suite.AES_256_GCM || suite === Suite.CHACHA20_POLY1305) return suite;
  throw new EnvelopeError("UNSUPPORTED_SUITE", "HPKE is used with suite 1 or 2.");
}

function notAuthentic(): EnvelopeError {
  return new EnvelopeError(
    "AUTHENTICATION_FAILED",
    "The HPKE message was changed, or was sealed to another key or context.",
  );
}
