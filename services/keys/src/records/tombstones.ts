import { sql, type Kysely } from "kysely";
import { decodeTombstone, encodeTombstone, tombstoneId, type Tombstone } from "@cloister/audit";
import { acrossTenants, ofTenants, onDatabase } from "@cloister/storage";
import type { ConversationName } from "@cloister/keyring";
import type { BucketKeyName } from "./bucket-keys.ts";
import type { KeysTables } from "./tables.ts";

/** The tombstone's id, and whether it is new. What was destroyed once keeps its first tombstone. */
export async function bury(tx: Kysely<KeysTables>, tombstone: Tombstone): Promise<{ id: Uint8Array; isNew: boolean }> {
  const standing = await findTombstone(tx, tombstone);
  if (standing !== undefined) return { id: tombstoneId(standing), isNew: false };
  const { destroyed } = tombstone;
  const isConversation = destroyed.kind === "conversation";
  const id = tombstoneId(tombstone);
  await tx
    .insertInto("tombstone")
    .values((build) => ({
      // Writers come one at a time (see `lockTombstones`), so indexes have neither gaps nor repeats.
      leaf_index: build.selectFrom("tombstone").select(sql<number>`coalesce(max(leaf_index) + 1, 0)`.as("next")),
      tombstone_id: id,
      leaf: encodeTombstone(tombstone),
      tenant_id: tombstone.tenantId,
      conversation_id: isConversation ? destroyed.conversationId : null,
      purpose: isConversation ? null : destroyed.purpose,
      bucket_end_ms: isConversation ? null : destroyed.bucketEndMs,
      destroyed_at_ms: tombstone.destroyedAtMs,
    }))
    .execute();
  return { id, isNew: true };
}

/** Until the end of the transaction nobody else appends. */
export async function lockTombstones(tx: Kysely<KeysTables>, schema: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${schema}.tombstone`}, 0))`.execute(tx);
}

async function findTombstone(db: Kysely<KeysTables>, tombstone: Tombstone): Promise<Tombstone | undefined> {
  const { tenantId, destroyed } = tombstone;
  return destroyed.kind === "conversation"
    ? findConversationTombstone(db, { tenantId, conversationId: destroyed.conversationId })
    : findBucketKeyTombstone(db, { tenantId, ...destroyed });
}

export async function findConversationTombstone(
  db: Kysely<KeysTables>,
  { tenantId, conversationId }: ConversationName,
): Promise<Tombstone | undefined> {
  const row = await onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("tombstone")
      .select("leaf")
      .where("tenant_id", "=", tenantId)
      .where("conversation_id", "=", conversationId)
      .executeTakeFirst(),
  );
  return row && decodeTombstone(row.leaf);
}

export async function findBucketKeyTombstone(
  db: Kysely<KeysTables>,
  { tenantId, purpose, bucketEndMs }: BucketKeyName,
): Promise<Tombstone | undefined> {
  const row = await onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("tombstone")
      .select("leaf")
      .where("tenant_id", "=", tenantId)
      .where("purpose", "=", purpose)
      .where("bucket_end_ms", "=", bucketEndMs)
      .executeTakeFirst(),
  );
  return row && decodeTombstone(row.leaf);
}

export async function findTombstoneById(
  db: Kysely<KeysTables>,
  tenantId: Uint8Array,
  id: Uint8Array,
): Promise<Tombstone | undefined> {
  const row = await onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("tombstone")
      .select("leaf")
      .where("tenant_id", "=", tenantId)
      .where("tombstone_id", "=", id)
      .executeTakeFirst(),
  );
  return row && decodeTombstone(row.leaf);
}

/** Leaves in the log's order, from `fromIndex` on. */
export async function readTombstones(db: Kysely<KeysTables>, fromIndex: number, limit: number): Promise<Tombstone[]> {
  const rows = await onDatabase(acrossTenants("lifecycle"), () =>
    db
      .selectFrom("tombstone")
      .select("leaf")
      .where("leaf_index", ">=", fromIndex)
      .orderBy("leaf_index")
      .limit(limit)
      .execute(),
  );
  return rows.map((row) => decodeTombstone(row.leaf));
}
