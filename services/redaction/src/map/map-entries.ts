import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { MapDeltaSchema } from "@cloister/contracts/content";
import { openEnvelope, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { KeyLease, KeyRequest } from "@cloister/keyring";
import type { MapEntry } from "@cloister/pii";
import { RedactionError } from "../errors.ts";
import type { MapEntryRow } from "../tables.ts";

/** What one message added to a conversation's map. */
export interface MapAddition {
  readonly entries: readonly MapEntry[];
  /** Drawn for this message: 32 bytes under which the conversation's values are hashed. */
  readonly hashKey: Uint8Array | undefined;
}

/** A serialized MapDelta, of an addition as it is stored. */
export function encodeMapDelta({ entries, hashKey }: MapAddition): Uint8Array {
  const message = create(MapDeltaSchema, {
    ...(hashKey && { hashKey }),
    entries: entries.map(({ placeholder, type, value, expiresAtMs, isWithheld = false }) => ({
      placeholder,
      entityType: type,
      value,
      expiresAtMs: BigInt(expiresAtMs),
      isWithheld,
    })),
  });
  return toBinary(MapDeltaSchema, message);
}

/** The same for readers: only what stands as a placeholder in a text. Undefined when that is nothing. */
export function encodeForReaders({ entries }: MapAddition): Uint8Array | undefined {
  const shown = entries.filter(({ isWithheld }) => isWithheld !== true);
  return shown.length === 0 ? undefined : encodeMapDelta({ entries: shown, hashKey: undefined });
}

export function mapKeyOf(row: MapEntryRow): KeyRequest {
  return {
    tenantId: row.tenant_id,
    conversationId: row.conversation_id,
    purpose: "map",
    bucketEndMs: row.bucket_end_ms,
  };
}

/**
 * Opens one stored row.
 * @throws EnvelopeError AUTHENTICATION_FAILED and others when the row is not what was sealed for this conversation;
 * KeyringError when its key was refused; RedactionError WRONG_STAGE
 */
export function openMapRow(row: MapEntryRow, keys: KeyLease, nowMs: number): MapAddition {
  const key = keys.openingKey(mapKeyOf(row));
  // The key is this conversation's and bucket's own, so a row moved from elsewhere doesn't open.
  const { header, payload } = openEnvelope(nodeBackend, row.envelope, { keys: [key], signer: "none", nowMs });
  if (header.stage !== Stage.MAP_ENTRY) throw new RedactionError("WRONG_STAGE", "A stored row is no map entry.");
  try {
    const { entries, hashKey } = fromBinary(MapDeltaSchema, payload);
    return {
      // A copy: what was opened is erased.
      hashKey: hashKey.length === 0 ? undefined : Uint8Array.from(hashKey),
      entries: entries.map(({ placeholder, entityType, value, expiresAtMs, isWithheld }) => ({
        placeholder,
        type: entityType,
        value,
        expiresAtMs: Number(expiresAtMs),
        ...(isWithheld && { isWithheld }),
      })),
    };
  } finally {
    payload.fill(0);
  }
}
