import { conversationIdField, tenantIdField, timeMs } from "@cloister/policy/fields";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { AuditError } from "./errors.ts";
import { leafHash } from "./leaf-hash.ts";

const bucketKey = z.strictObject({
  kind: z.literal("bucket-key"),
  purpose: z.enum(["inbound", "flow", "map", "log", "vector"]),
  bucketEndMs: timeMs,
});

const conversation = z.strictObject({
  kind: z.literal("conversation"),
  conversationId: conversationIdField,
});

/** The tombstone as a receipt embeds it. */
export const tombstoneSchema = z.strictObject({
  tenantId: tenantIdField,
  destroyed: z.discriminatedUnion("kind", [bucketKey, conversation]),
  /** `expired`: past its not_after. `erased`: before that, because somebody entitled asked. */
  reason: z.enum(["expired", "erased"]),
  destroyedAtMs: timeMs,
});

/**
 * What stays of a destroyed key: which one, why and when. `keys` replays tombstones at its start, so that a restored
 * backup can't bring a key back.
 */
export type Tombstone = z.output<typeof tombstoneSchema>;

const TYPE_LINE = "cloister/v1 tombstone";
const MAX_LEAF_BYTES = 1024;

/**
 * The leaf of a tombstone, for the table of `keys` and later the transparency log: type line, newline, the fields as
 * compact JSON in the schema's order, newline; UTF-8.
 */
export function encodeTombstone(tombstone: Tombstone): Uint8Array {
  return utf8ToBytes(`${TYPE_LINE}\n${JSON.stringify(fieldsInOrder(tombstone))}\n`);
}

/** @throws AuditError TOMBSTONE_MALFORMED unless the bytes are exactly what `encodeTombstone` writes. */
export function decodeTombstone(leaf: Uint8Array): Tombstone {
  const text = leaf.length <= MAX_LEAF_BYTES ? new TextDecoder().decode(leaf) : "";
  const parsed = tombstoneSchema.safeParse(parseJson(text.slice(TYPE_LINE.length + 1)));
  if (!parsed.success) throw malformed(parsed.error);
  const canonical = encodeTombstone(parsed.data);
  const isCanonical = canonical.length === leaf.length && canonical.every((byte, index) => byte === leaf[index]);
  if (!isCanonical) throw malformed();
  return parsed.data;
}

/** RFC 6962 leaf hash of the tombstone, 32 bytes: its name in receipts and its place in the log. */
export function tombstoneHash(tombstone: Tombstone): Uint8Array {
  return leafHash(encodeTombstone(tombstone));
}

/** The first 16 bytes of its hash: `tombstone_id` of the Lifecycle service. */
export function tombstoneId(tombstone: Tombstone): Uint8Array {
  return tombstoneHash(tombstone).slice(0, 16);
}

/** Zod keeps the order of the schema when it encodes; one tombstone has one leaf whatever object it came from. */
function fieldsInOrder(tombstone: Tombstone): unknown {
  return z.encode(tombstoneSchema, tombstone);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function malformed(cause?: unknown): AuditError {
  return new AuditError("TOMBSTONE_MALFORMED", "A stored tombstone is not in its format; the store is damaged.", {
    cause,
  });
}
