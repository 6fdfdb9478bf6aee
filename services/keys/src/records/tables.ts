import type { Purpose } from "@cloister/policy";

/** The schema that keys owns. */
export const keysSchema = "keys";

/** int8 columns come as numbers from both engines; times are milliseconds since 1970. */
export interface KeysTables {
  tenant: TenantRow;
  policy: PolicyRow;
  conversation: ConversationRow;
  conversation_secret: ConversationSecretRow;
  bucket_key: BucketKeyRow;
  tombstone: TombstoneRow;
}

export interface TenantRow {
  readonly tenant_id: Uint8Array;
  readonly genesis_root: Uint8Array;
  readonly wrapped_wrapping_key: Uint8Array;
  readonly wrapped_issuer_key: Uint8Array;
  /** Public keys of issuers before it; null where there was no other. */
  readonly wrapped_former_issuers: Uint8Array | null;
  readonly created_at_ms: number;
}

export interface PolicyRow {
  readonly tenant_id: Uint8Array;
  readonly version: number;
  readonly note: Uint8Array;
  /** Each rotation's note as uint32 length ‖ bytes, oldest first. */
  readonly root_rotations: Uint8Array;
  readonly applied_at_ms: number;
}

export interface ConversationRow {
  readonly tenant_id: Uint8Array;
  readonly conversation_id: Uint8Array;
  /** An admission opens one conversation. */
  readonly admission_id: Uint8Array;
  /** SHA-256 of the request that opened it. */
  readonly request_digest: Uint8Array;
  /** The answer to that request; null once the conversation has ended, like `statement`. */
  readonly opening_statement: Uint8Array | null;
  /** In force: the opening's, or the last renewal's. */
  readonly statement: Uint8Array | null;
  /** The policy that `statement` was made under. */
  readonly policy_version: number;
  readonly renewal_digest: Uint8Array | null;
  readonly renewed_at_ms: number;
  readonly opened_at_ms: number;
}

export interface ConversationSecretRow {
  readonly tenant_id: Uint8Array;
  readonly conversation_id: Uint8Array;
  readonly not_after_ms: number;
  readonly wrapped: Uint8Array;
}

export interface BucketKeyRow {
  readonly tenant_id: Uint8Array;
  readonly purpose: Purpose;
  readonly bucket_end_ms: number;
  readonly wrapped: Uint8Array;
}

export interface TombstoneRow {
  readonly leaf_index: number;
  readonly tombstone_id: Uint8Array;
  readonly leaf: Uint8Array;
  readonly tenant_id: Uint8Array;
  readonly conversation_id: Uint8Array | null;
  readonly purpose: string | null;
  readonly bucket_end_ms: number | null;
  readonly destroyed_at_ms: number;
}
