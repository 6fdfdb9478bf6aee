import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { lengthPrefixed } from "@cloister/attestation";

declare const brand: unique symbol;

/** 16 bytes, SHA-256 of the tenant's genesis root. */
export type TenantId = Uint8Array & { readonly [brand]: "TenantId" };
/** 16 bytes, SHA-256 of what the conversation was opened with. */
export type ConversationId = Uint8Array & { readonly [brand]: "ConversationId" };

export const ID_BYTES = 16;

/** SHA-256("cloister/v1 tenant" ‖ genesis root)[:16]. */
export function deriveTenantId(genesisRoot: Uint8Array): TenantId {
  return asTenantId(hashId(utf8ToBytes("cloister/v1 tenant"), genesisRoot));
}

/** What a conversation is opened with; all of it is public. */
export interface ConversationOpening {
  readonly tenantId: Uint8Array;
  /** The X-Wing key of the opening request, 1,216 bytes; later renewals don't change the id. */
  readonly clientKemPublicKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly clientSigningPublicKey: Uint8Array;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
}

/** SHA-256("cloister/v1 conversation" ‖ tenant_id ‖ KEM key ‖ signing key ‖ salt)[:16]: another reader, another id. */
export function deriveConversationId(opening: ConversationOpening): ConversationId {
  const { tenantId, clientKemPublicKey, clientSigningPublicKey, salt } = opening;
  const label = utf8ToBytes("cloister/v1 conversation");
  return asConversationId(hashId(label, tenantId, clientKemPublicKey, clientSigningPublicKey, salt));
}

/** SHA-256 over the length-prefixed label, KEM key and signing key: what an admission is bound to. 32 bytes. */
export function clientKeysHash(keys: {
  readonly clientKemPublicKey: Uint8Array;
  readonly clientSigningPublicKey: Uint8Array;
}): Uint8Array {
  return sha256(lengthPrefixed(["cloister/v1 client keys", keys.clientKemPublicKey, keys.clientSigningPublicKey]));
}

/** @throws RangeError unless given 16 bytes. */
export function asTenantId(bytes: Uint8Array): TenantId {
  checkLength(bytes);
  return bytes as TenantId; // the brand has no content; the length is checked above
}

/** @throws RangeError unless given 16 bytes. */
export function asConversationId(bytes: Uint8Array): ConversationId {
  checkLength(bytes);
  return bytes as ConversationId; // the brand has no content; the length is checked above
}

function checkLength(bytes: Uint8Array): void {
  if (bytes.length !== ID_BYTES) throw new RangeError("An id has 16 bytes.");
}

function hashId(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(...parts)).slice(0, ID_BYTES);
}
