import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { encodeTombstone, tombstoneId } from "@cloister/audit";
import { parseTenantId } from "@cloister/envelope";
import { DAY_MS } from "@cloister/policy";
import { replayTombstones } from "../src/lifecycle/replay-tombstones.ts";
import type { TombstoneRow } from "../src/records/tables.ts";
import { bucketRef, tables, withMapKey } from "./used-keys.ts";
import { World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("replaying tombstones", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.close());

  /** Tombstones of a tenant that nobody asks for. */
  async function buryOthers(count: number): Promise<void> {
    const tenantId = parseTenantId(randomBytes(16));
    const { next } = await tables(world)
      .selectFrom("tombstone")
      .select((build) => build.fn.countAll<number>().as("next"))
      .executeTakeFirstOrThrow();
    const rows = Array.from({ length: count }, (_, index): TombstoneRow => {
      const destroyed = { kind: "bucket-key", purpose: "log", bucketEndMs: index } as const;
      const tombstone = { tenantId, destroyed, reason: "expired", destroyedAtMs: index } as const;
      return {
        leaf_index: next + index,
        tombstone_id: tombstoneId(tombstone),
        leaf: encodeTombstone(tombstone),
        tenant_id: tenantId,
        conversation_id: null,
        purpose: destroyed.purpose,
        bucket_end_ms: index,
        destroyed_at_ms: index,
      };
    });
    await tables(world).insertInto("tombstone").values(rows).execute();
  }

  it("destroys again whatever came back, however many stand, and rewrites the tables only then", async () => {
    const { name, tenant, request } = await withMapKey(world);
    const db = tables(world);
    const secrets = await db.selectFrom("conversation_secret").selectAll().execute();
    const buckets = await db.selectFrom("bucket_key").selectAll().where("tenant_id", "=", tenant.tenantId).execute();
    await buryOthers(1_000);
    await world.lifecycle.eraseConversation(name);
    world.clock.advance(request.bucketEndMs - world.clock.nowMs());
    const keys = buckets.map(({ purpose, bucket_end_ms: endMs }) => bucketRef(tenant, purpose, endMs));
    await world.lifecycle.destroyBucketKeys({ keys });

    let rewritten = 0;
    const scrub = async () => {
      rewritten++;
    };
    const replay = async () => {
      const replayed = await replayTombstones({ db, scrub });
      const left = await db.selectFrom("conversation_secret").select("conversation_id").execute();
      const leftBuckets = await db.selectFrom("bucket_key").select("purpose").execute();
      return { replayed, left: [...left, ...leftBuckets].length, rewritten };
    };
    const nothing = await replay();
    await db.insertInto("bucket_key").values(buckets).execute();
    const ofBuckets = await replay();
    await db.insertInto("conversation_secret").values(secrets).execute();
    const ofSecrets = await replay();
    const replayed = 1_000 + 1 + keys.length;
    expect([nothing, ofBuckets, ofSecrets]).toEqual([
      { replayed, left: 0, rewritten: 0 },
      { replayed, left: 0, rewritten: 1 },
      { replayed, left: 0, rewritten: 2 },
    ]);
  });
});

describe("the raw files of the database", () => {
  let world: World | undefined;
  afterEach(() => world?.close());

  it("hold no byte of a conversation that ended by itself", async () => {
    world = await World.start({ onDisk: true });
    await withMapKey(world);
    const { wrapped } = await tables(world)
      .selectFrom("conversation_secret")
      .select("wrapped")
      .executeTakeFirstOrThrow();
    const marker = Buffer.from(wrapped).subarray(1, 33);
    world.clock.advance(92 * DAY_MS);
    expect(await filesWith(world.folder, marker)).not.toEqual([]);
    await world.lifecycle.destroyBucketKeys({ keys: [] });
    expect(await filesWith(world.folder, marker)).toEqual([]);
  });

  it("hold no byte of a destroyed row, in its pages or its log", async () => {
    world = await World.start({ onDisk: true });
    const { name } = await withMapKey(world);
    const db = tables(world);
    const { wrapped } = await db
      .selectFrom("conversation_secret")
      .select("wrapped")
      .where("conversation_id", "=", name.conversationId)
      .executeTakeFirstOrThrow();
    const buckets = await db.selectFrom("bucket_key").select(["wrapped", "purpose", "bucket_end_ms"]).execute();
    const marker = Buffer.from(wrapped).subarray(1, 33);
    expect(await filesWith(world.folder, marker)).not.toEqual([]);
    await world.lifecycle.eraseConversation(name);
    expect(await filesWith(world.folder, marker)).toEqual([]);

    world.clock.advance(92 * DAY_MS);
    const { due } = await world.lifecycle.planDestruction({});
    // A request that broke off is made again: it names what is destroyed already beside what is not.
    await world.lifecycle.destroyBucketKeys({ keys: due.slice(0, 1) });
    await world.lifecycle.destroyBucketKeys({ keys: due });
    for (const bucket of buckets) {
      expect(await filesWith(world.folder, Buffer.from(bucket.wrapped).subarray(1, 33))).toEqual([]);
    }
    expect(buckets).toHaveLength(2);
  });
});

async function filesWith(folder: string, bytes: Buffer): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(bytes)) found.push(entry.name);
  }
  return found;
}
