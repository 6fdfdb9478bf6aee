import { sha256 } from "@noble/hashes/sha2.js";
import type { Stage } from "@cloister/contracts/envelope";
import { asciiBytes, concat, uint64 } from "./bytes.ts";
import { EnvelopeError } from "./errors.ts";
import { type ConversationId, type KeyId, type MessageId, type TenantId } from "./ids.ts";
import { parseConversationId, parseKeyId, parseMessageId, parseTenantId } from "./ids.ts";
import { LABELS } from "./labels.ts";

/**
 * A client's message id: UUIDv7 (RFC 9562 section 5.7) of `nowMs` (milliseconds since 1970) and 10 random bytes.
 * @throws MALFORMED when `random` has not 10 bytes or `nowMs` does not fit 48 bits
 */
export function uuidv7(nowMs: number, random: Uint8Array): MessageId {
  if (random.length !== 10 || !Number.isInteger(nowMs) || nowMs < 0 || nowMs >= 2 ** 48) {
    throw new EnvelopeError("MALFORMED", "A UUIDv7 needs a time in milliseconds and 10 random bytes.");
  }
  const bytes = concat(uint64(nowMs).subarray(2), random);
  return stamped(bytes, 7);
}

/**
 * The id of what a step makes out of a message: UUIDv8 over SHA-256(label ‖ cause_id ‖ stage ‖ n), stage as 1 byte and
 * n as 4, so that a repeated step gives the same id.
 * @throws MALFORMED when `n` is not a uint32
 */
export function derivedId(causeId: MessageId, stage: Stage, n: number): MessageId {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32)
    throw new EnvelopeError("MALFORMED", "n of a derived id is a uint32.");
  const input = concat(LABELS.id, causeId, Uint8Array.of(stage), uint64(n).subarray(4));
  return stamped(sha256(input).slice(0, 16), 8);
}

function stamped(bytes: Uint8Array, version: 7 | 8): MessageId {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return parseMessageId(bytes);
}

/** The id that a tenant's application is configured with: SHA-256(label ‖ Ed25519 genesis root public key)[:16]. */
export function deriveTenantId(genesisRootPublicKey: Uint8Array): TenantId {
  return parseTenantId(sha256(concat(LABELS.tenant, genesisRootPublicKey)).slice(0, 16));
}

/** The public keys a client opens a conversation with: X-Wing (1,216 bytes) and Ed25519 (32 bytes). */
export interface ClientPublicKeys {
  readonly kem: Uint8Array;
  readonly signing: Uint8Array;
}

/** SHA-256(label ‖ tenant ‖ X-Wing key ‖ Ed25519 key ‖ 16 random bytes)[:16]: the id fixes who reads the replies. */
export function deriveConversationId(
  tenantId: TenantId,
  clientKeys: ClientPublicKeys,
  random16: Uint8Array,
): ConversationId {
  if (clientKeys.kem.length !== 1216 || clientKeys.signing.length !== 32 || random16.length !== 16) {
    throw new EnvelopeError(
      "MALFORMED",
      "A conversation id is derived from 1,216 + 32 bytes of keys and 16 random bytes.",
    );
  }
  const input = concat(LABELS.conversation, tenantId, clientKeys.kem, clientKeys.signing, random16);
  return parseConversationId(sha256(input).slice(0, 16));
}

/** Names an X-Wing or Ed25519 key: SHA-256(public key)[:16]. */
export function publicKeyId(publicKey: Uint8Array): KeyId {
  return parseKeyId(sha256(publicKey).slice(0, 16));
}

/** What a wrapping key is for. `purpose` is 1 to 32 of a-z, 0-9 and hyphen; `bucketEndMs` is since 1970. */
export interface WrapKeyName {
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
  readonly purpose: string;
  readonly bucketEndMs: number;
}

/** SHA-256(label ‖ tenant ‖ conversation ‖ purpose ‖ bucket end as uint64)[:16]. @throws MALFORMED on a bad name */
export function wrapKeyId(name: WrapKeyName): KeyId {
  if (!/^[a-z0-9-]{1,32}$/u.test(name.purpose) || !Number.isSafeInteger(name.bucketEndMs) || name.bucketEndMs < 0) {
    throw new EnvelopeError("MALFORMED", "A wrapping key is named by a purpose and a bucket end in milliseconds.");
  }
  const { tenantId, conversationId, purpose, bucketEndMs } = name;
  const input = concat(LABELS.wrapKeyId, tenantId, conversationId, asciiBytes(purpose), uint64(bucketEndMs));
  return parseKeyId(sha256(input).slice(0, 16));
}
