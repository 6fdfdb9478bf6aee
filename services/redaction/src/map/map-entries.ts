import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { MapDeltaSchema } from "@cloister/contracts/content";
import { openEnvelope, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { KeyRequest, LeasedKeys } from "@cloister/keyring";
import type { MapEntry } from "@cloister/pii";
import { RedactionError } from "../errors.ts";
import type { MapEntryRow } from "../tables.ts";

/** A serialized MapDelta. */
export function encodeMapDelta(entries: readonly MapEntry[]): Uint8Array {
  const message = create(MapDeltaSchema, {
    entries: entries.map(({ placeholder, type, value, expiresAtMs }) => ({
      placeholder,
      entityType: type,
      value,
      expiresAtMs: BigInt(expiresAtMs),
    })),
  });
  return toBinary(MapDeltaSchema, message);
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
export function openMapRow(row: MapEntryRow, keys: LeasedKeys, nowMs: number): MapEntry[] {
  const key = keys.openingKey(mapKeyOf(row));
  // The key is this conversation's and bucket's own, so a row moved from elsewhere doesn't open.
  const { header, payload } = openEnvelope(nodeBackend, row.envelope, { keys: [key], signer: "none", nowMs });
  if (header.stage !== Stage.MAP_ENTRY) throw new RedactionError("WRONG_STAGE", "A stored row is no map entry.");
  try {
    return fromBinary(MapDeltaSchema, payload).entries.map(({ placeholder, entityType, value, expiresAtMs }) => ({
      placeholder,
      type: entityType,
      value,
      expiresAtMs: Number(expiresAtMs),
    }));
  } finally {
    payload.fill(0);
  }
}
