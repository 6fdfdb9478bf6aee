import type { Kysely } from "kysely";
import { acrossTenants, ofTenants, onDatabase } from "@cloister/storage";
import type { Purpose } from "@cloister/policy";
import type { BucketKeyRow, KeysTables } from "./tables.ts";

export interface BucketKeyName {
  readonly tenantId: Uint8Array;
  readonly purpose: Purpose;
  readonly bucketEndMs: number;
}

export async function findBucketKey(
  db: Kysely<KeysTables>,
  { tenantId, purpose, bucketEndMs }: BucketKeyName,
): Promise<BucketKeyRow | undefined> {
  return onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("bucket_key")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .where("purpose", "=", purpose)
      .where("bucket_end_ms", "=", bucketEndMs)
      .executeTakeFirst(),
  );
}

/** The row that is there in the end: this one, or that of who came first. */
export async function insertBucketKey(db: Kysely<KeysTables>, row: BucketKeyRow): Promise<BucketKeyRow | undefined> {
  await onDatabase(ofTenants([row.tenant_id]), () =>
    db
      .insertInto("bucket_key")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
  return findBucketKey(db, { tenantId: row.tenant_id, purpose: row.purpose, bucketEndMs: row.bucket_end_ms });
}

export async function deleteBucketKey(
  tx: Kysely<KeysTables>,
  { tenantId, purpose, bucketEndMs }: BucketKeyName,
): Promise<void> {
  await tx
    .deleteFrom("bucket_key")
    .where("tenant_id", "=", tenantId)
    .where("purpose", "=", purpose)
    .where("bucket_end_ms", "=", bucketEndMs)
    .execute();
}

/** Keys of buckets that have ended. */
export async function dueBucketKeys(db: Kysely<KeysTables>, nowMs: number): Promise<BucketKeyName[]> {
  const rows = await onDatabase(acrossTenants("lifecycle"), () =>
    db
      .selectFrom("bucket_key")
      .select(["tenant_id", "purpose", "bucket_end_ms"])
      .where("bucket_end_ms", "<=", nowMs)
      .orderBy("bucket_end_ms")
      .limit(10_000)
      .execute(),
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, purpose: row.purpose, bucketEndMs: row.bucket_end_ms }));
}
