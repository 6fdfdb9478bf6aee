import { KeysError } from "../errors.ts";
import type { KeysParts } from "../keys.parts.ts";
import { findBucketKey, insertBucketKey, type BucketKeyName } from "../records/bucket-keys.ts";
import type { BucketKeyRow } from "../records/tables.ts";
import { findBucketKeyTombstone } from "../records/tombstones.ts";
import type { RowName } from "./row-wrap.ts";
import type { TenantKeys } from "./tenant-keys.ts";

type StoreParts = Pick<KeysParts, "db" | "clock">;

/**
 * The key of a bucket that exists, 32 bytes for the caller to erase; undefined when none was made yet.
 * @throws KeysError KEY_EXPIRED past the bucket's end by our own clock, whatever rows there are; KEY_DESTROYED;
 * KEY_CORRUPT
 */
export async function openBucketKey(
  parts: StoreParts,
  keys: TenantKeys,
  name: BucketKeyName,
): Promise<Buffer | undefined> {
  requireRunning(parts, name.bucketEndMs);
  if ((await findBucketKeyTombstone(parts.db, name)) !== undefined) {
    throw new KeysError("KEY_DESTROYED", "The key of this bucket was destroyed.");
  }
  const row = await findBucketKey(parts.db, name);
  return row && unwrap(keys, name, row);
}

/** As `openBucketKey`; makes the key when there is none. */
export async function obtainBucketKey(parts: StoreParts, keys: TenantKeys, name: BucketKeyName): Promise<Buffer> {
  const standing = await openBucketKey(parts, keys, name);
  if (standing !== undefined) return standing;
  const { key, wrapped } = keys.generate(rowName(name));
  key.fill(0);
  const { tenantId, purpose, bucketEndMs } = name;
  const row = await insertBucketKey(parts.db, { tenant_id: tenantId, purpose, bucket_end_ms: bucketEndMs, wrapped });
  if (row === undefined) throw new KeysError("KEY_DESTROYED", "The key of this bucket was destroyed as it was made.");
  return unwrap(keys, name, row);
}

function requireRunning({ clock }: StoreParts, bucketEndMs: number): void {
  if (clock.nowMs() >= bucketEndMs) throw new KeysError("KEY_EXPIRED", "The bucket has ended.");
}

function unwrap(keys: TenantKeys, name: BucketKeyName, row: BucketKeyRow): Buffer {
  return keys.unwrap(rowName(name), row.wrapped);
}

/** Named by what was asked for, not by what the row says, so that a moved row doesn't open. */
function rowName({ tenantId, purpose, bucketEndMs }: BucketKeyName): RowName {
  return { kind: "bucket-key", tenantId, purpose, notAfterMs: bucketEndMs };
}
