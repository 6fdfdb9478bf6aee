import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient } from "@connectrpc/connect";
import { ReleaseService } from "@cloister/contracts/keys/release";
import type { KeyRequest } from "@cloister/keyring";
import { DAY_MS, purposeToWire } from "@cloister/policy";
import { capturedLog } from "@cloister/testing";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import type { TestTenant } from "./tenant.ts";
import { bucketRef, tables, withMapKey } from "./used-keys.ts";
import { refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

describe("destroying keys", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.close());

  it("refuses a bucket that has not ended, and destroys nothing then", async () => {
    const { tenant, request, code } = await withMapKey(world);
    const keys = [bucketRef(tenant, "flow", world.clock.nowMs()), bucketRef(tenant, "map", request.bucketEndMs)];
    expect(await refusal(world.lifecycle.destroyBucketKeys({ keys }))).toBe("NOT_DUE");
    expect(await code()).toBe("given");
  });

  it("plans what has ended, destroys it, and gives the same tombstones when asked again", async () => {
    const { tenant } = await world.open(await world.newTenant());
    world.clock.advance(8 * DAY_MS);
    const mine = async () => {
      const { due } = await world.lifecycle.planDestruction({});
      return due.filter(({ tenantId }) => Buffer.compare(tenantId, tenant.tenantId) === 0);
    };
    const keys = await mine();
    expect(keys.map(({ purpose }) => purpose)).toEqual([purposeToWire("inbound")]);
    const first = await world.lifecycle.destroyBucketKeys({ keys });
    expect(await mine()).toEqual([]);
    const again = await world.lifecycle.destroyBucketKeys({ keys });
    expect(again.tombstoneIds).toEqual(first.tombstoneIds);
  });

  it("ends a conversation's secret with its last bucket, and keeps its id taken", async () => {
    const opened = await world.open(await world.newTenant());
    world.clock.advance(92 * DAY_MS);
    await world.lifecycle.destroyBucketKeys({ keys: [] });
    const row = await tables(world)
      .selectFrom("conversation")
      .select(["statement", "opening_statement"])
      .where("conversation_id", "=", opened.conversationId)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ statement: null, opening_statement: null });
  });

  it("erases a conversation at once, in every bucket, and only that one", async () => {
    const { tenant, name, code } = await withMapKey(world);
    const other = await world.open(tenant);
    await world.lifecycle.eraseConversation(name);
    expect(await code()).toBe("KEY_DESTROYED");
    const request: KeyRequest = { ...other.name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    expect(await (await AttestedSession.begin(world, "redaction")).codes([request])).toEqual(["given"]);
  });

  it("refuses to open or renew an erased conversation again", async () => {
    const tenant = await world.newTenant();
    const { client, name } = await world.open(tenant);
    await world.lifecycle.eraseConversation(name);
    const admission = tenant.admission(client, world.clock.nowMs());
    expect(await refusal(world.authority.openConversation(client.openRequest(tenant, admission)))).toBe("ID_REUSED");
    const renewal = client.renewRequest(tenant, world.clock.nowMs(), client.kem);
    expect(await refusal(world.authority.renewConversation(renewal))).toBe("KEY_DESTROYED");
    const unknown = { ...name, conversationId: randomBytes(16) };
    expect(await refusal(world.lifecycle.eraseConversation(unknown))).toBe("CONVERSATION_UNKNOWN");
  });

  it("keeps the first tombstone: what was erased once is not erased again", async () => {
    const { name } = await world.open(await world.newTenant());
    const { tombstoneId } = await world.lifecycle.eraseConversation(name);
    world.clock.advance(1);
    const again = await world.lifecycle.eraseConversation(name);
    expect(Buffer.from(again.tombstoneId)).toEqual(Buffer.from(tombstoneId));
  });

  it("says which form is wrong before it destroys anything", async () => {
    const { tenant, name } = await world.open(await world.newTenant());
    const key = { tenantId: tenant.tenantId, purpose: purposeToWire("map"), bucketEndMs: 1n };
    const destroy = (keys: (Omit<typeof key, "tenantId"> & { tenantId: Uint8Array })[]) =>
      refusal(world.lifecycle.destroyBucketKeys({ keys }));
    const codes = [
      await destroy([{ ...key, tenantId: randomBytes(15) }]),
      await destroy([{ ...key, purpose: 0 }]),
      await destroy(Array<typeof key>(10_001).fill(key)),
      await refusal(world.lifecycle.eraseConversation({ ...name, tenantId: randomBytes(17) })),
      await refusal(world.lifecycle.eraseConversation({ ...name, conversationId: randomBytes(17) })),
    ];
    expect(codes).toEqual(Array<string>(5).fill("MALFORMED"));
  });

  it("takes a bucket key at the end of its bucket, and leaves those of other tenants", async () => {
    const [one, other] = [await world.open(await world.newTenant()), await world.open(await world.newTenant())];
    const dueOf = async ({ tenantId }: TestTenant) => {
      const { due } = await world.lifecycle.planDestruction({});
      return due.filter((key) => Buffer.compare(key.tenantId, tenantId) === 0);
    };
    world.clock.advance(8 * DAY_MS);
    const [key] = await dueOf(one.tenant);
    if (key === undefined) throw new Error("a bucket has ended");
    world.clock.advance(Number(key.bucketEndMs) - world.clock.nowMs() - 1);
    const early = [await refusal(world.lifecycle.destroyBucketKeys({ keys: [key] })), (await dueOf(one.tenant)).length];
    world.clock.advance(1);
    const due = await refusal(world.lifecycle.destroyBucketKeys({ keys: [key] }));
    expect([...early, due, (await dueOf(one.tenant)).length, (await dueOf(other.tenant)).length]).toEqual([
      "NOT_DUE",
      0,
      "answered",
      0,
      1,
    ]);
  });

  it("gives retention's credential no key: the release door does not open by it", async () => {
    const release = createClient(ReleaseService, world.transport("release", "l".repeat(32)));
    expect(await refusal(release.beginSession({ nonce: randomBytes(32) }))).toBe("UNAUTHENTICATED");
  });
});

describe("the clock of keys", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.close());

  it("ends a bucket at its end, and once destroyed it stays so when the clock goes back", async () => {
    const { tenant, name } = await world.open(await world.newTenant());
    const request: KeyRequest = { ...name, purpose: "flow", bucketEndMs: bucketOf(world, tenant, "flow") };
    const code = async () => (await (await AttestedSession.begin(world, "redaction")).codes([request]))[0];
    const codes = [await code()];
    world.clock.advance(request.bucketEndMs - world.clock.nowMs() - 1);
    codes.push(await code());
    world.clock.advance(1);
    codes.push(await code());
    await world.lifecycle.destroyBucketKeys({ keys: [bucketRef(tenant, "flow", request.bucketEndMs)] });
    codes.push(await code());
    world.clock.advance(-1);
    codes.push(await code());
    expect(codes).toEqual(["given", "given", "KEY_EXPIRED", "KEY_EXPIRED", "KEY_DESTROYED"]);
  });

  it("ends a conversation's secret with its last bucket, though nobody destroyed it yet", async () => {
    const { tenant, name, request } = await withMapKey(world);
    const secret = await tables(world)
      .selectFrom("conversation_secret")
      .select("not_after_ms")
      .where("conversation_id", "=", name.conversationId)
      .executeTakeFirstOrThrow();
    world.clock.advance(secret.not_after_ms - world.clock.nowMs());
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    const later: KeyRequest = { ...request, bucketEndMs: bucketOf(world, tenant, "map") };
    expect(later.bucketEndMs).toBeGreaterThan(secret.not_after_ms);
    expect(await (await AttestedSession.begin(world, "redaction")).codes([later])).toEqual(["KEY_EXPIRED"]);
  });
});

describe("an operator who writes to the database", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.close());

  it("can't use an ended bucket by keeping its rows", async () => {
    const { request, tenant, code } = await withMapKey(world);
    world.clock.advance(request.bucketEndMs - world.clock.nowMs() - 1);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    expect(await code()).toBe("given");
    world.clock.advance(1);
    const rows = await tables(world)
      .selectFrom("bucket_key")
      .select("wrapped")
      .where("tenant_id", "=", tenant.tenantId)
      .execute();
    expect([rows.length, await code()]).toEqual([2, "KEY_EXPIRED"]);
  });

  it("can't prolong a bucket or a conversation by writing a later not_after", async () => {
    const { name, tenant, request } = await withMapKey(world);
    const laterMs = request.bucketEndMs + 7 * DAY_MS;
    const db = tables(world);
    await db
      .updateTable("bucket_key")
      .set({ bucket_end_ms: laterMs })
      .where("tenant_id", "=", tenant.tenantId)
      .where("purpose", "=", "map")
      .execute();
    const session = await AttestedSession.begin(world, "redaction");
    await db
      .updateTable("conversation_secret")
      .set({ not_after_ms: laterMs })
      .where("conversation_id", "=", name.conversationId)
      .execute();
    expect(await session.codes([{ ...request, bucketEndMs: laterMs }])).toEqual(["KEY_CORRUPT"]);
  });

  it("can't move a row to another tenant, conversation or purpose", async () => {
    const [one, two] = [await withMapKey(world), await withMapKey(world)];
    const db = tables(world);
    const wrapped = async (tenant: TestTenant) =>
      (
        await db
          .selectFrom("bucket_key")
          .select("wrapped")
          .where("tenant_id", "=", tenant.tenantId)
          .where("purpose", "=", "map")
          .executeTakeFirstOrThrow()
      ).wrapped;
    const secret = async (conversationId: Uint8Array) =>
      await db
        .selectFrom("conversation_secret")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .executeTakeFirstOrThrow();

    const original = await wrapped(one.tenant);
    const setBucket = (value: Uint8Array) =>
      db
        .updateTable("bucket_key")
        .set({ wrapped: value })
        .where("tenant_id", "=", one.tenant.tenantId)
        .where("purpose", "=", "map")
        .execute();
    await setBucket(await wrapped(two.tenant));
    expect(await one.code()).toBe("KEY_CORRUPT");
    const inbound = await db
      .selectFrom("bucket_key")
      .select("wrapped")
      .where("tenant_id", "=", one.tenant.tenantId)
      .where("purpose", "=", "inbound")
      .executeTakeFirstOrThrow();
    await setBucket(inbound.wrapped);
    expect(await one.code()).toBe("KEY_CORRUPT");
    await setBucket(original);
    expect(await one.code()).toBe("given");

    const sibling = await world.open(one.tenant);
    const moved = await secret(sibling.conversationId);
    await db
      .updateTable("conversation_secret")
      .set({ wrapped: moved.wrapped, not_after_ms: moved.not_after_ms })
      .where("conversation_id", "=", one.conversationId)
      .execute();
    expect(await one.code()).toBe("KEY_CORRUPT");
  });

  it("can't bring a tenant's root or policy of its own: what is stored is verified again", async () => {
    const { tenant, code } = await withMapKey(world);
    const stranger = await world.newTenant();
    const db = tables(world);
    const foreign = await db
      .selectFrom("policy")
      .selectAll()
      .where("tenant_id", "=", stranger.tenantId)
      .executeTakeFirstOrThrow();
    await db.updateTable("policy").set({ note: foreign.note }).where("tenant_id", "=", tenant.tenantId).execute();
    expect(await code()).toBe("SIGNATURE_INVALID");
  });

  it("can't go back behind a policy that keys has seen since its start by deleting its row", async () => {
    const { tenant, code } = await withMapKey(world);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    expect(await code()).toBe("given");
    const newest = tables(world).deleteFrom("policy").where("tenant_id", "=", tenant.tenantId).where("version", "=", 2);
    await newest.execute();
    expect(await code()).toBe("POLICY_STALE");
    // Without a witness, nothing tells a new start that there was a newer one: its instances and clients know.
    await world.restart();
    expect(await code()).toBe("given");
  });

  it("can't go back to a root that keys has seen step down since its start, by deleting what it named its successor in", async () => {
    const { tenant, code } = await withMapKey(world);
    const stolen = tenant.signed(tenant.policy(world.clock.nowMs(), { version: 9 }));
    tenant.rotateRoot(world.clock.nowMs());
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    expect(await code()).toBe("given");
    await tables(world).deleteFrom("policy").where("tenant_id", "=", tenant.tenantId).execute();
    await world.authority.applyPolicy(stolen);
    expect(await code()).toBe("POLICY_FOREIGN");
  });

  it("can't restore what has a tombstone: it is destroyed again at the next start, and refused before that", async () => {
    const { name, request, code } = await withMapKey(world);
    const db = tables(world);
    const secrets = await db
      .selectFrom("conversation_secret")
      .selectAll()
      .where("conversation_id", "=", name.conversationId)
      .execute();
    await world.lifecycle.eraseConversation(name);
    await db.insertInto("conversation_secret").values(secrets).execute();
    expect(await code()).toBe("KEY_DESTROYED");
    await world.restart();
    const left = await db
      .selectFrom("conversation_secret")
      .selectAll()
      .where("conversation_id", "=", name.conversationId)
      .execute();
    expect([left, await code(), request.purpose]).toEqual([[], "KEY_DESTROYED", "map"]);
  });
});

describe("the log of keys", () => {
  it("holds no credential, no key and no statement, whether calls are answered or refused", async () => {
    const { log, lines } = capturedLog("keys");
    const world = await World.start({ log });
    try {
      const { name, tenant, statement } = await withMapKey(world);
      await refusal(world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { history: false }))));
      await refusal(world.lifecycle.eraseConversation({ ...name, conversationId: randomBytes(16) }));
      const text = lines.join("");
      expect(text).toContain("POLICY_CONFLICT");
      const keyring = await readFile(join(world.folder, "keyring.json"), "utf8");
      const keks = [...keyring.matchAll(/[A-Za-z0-9+/]{43}=/gu)].map(([kek]) => kek);
      const secrets = ["a".repeat(32), "r".repeat(32), "l".repeat(32), ...keks];
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
      expect(text).not.toContain(Buffer.from(statement).toString("utf8").slice(0, 40));
      expect(keks).toHaveLength(1);
    } finally {
      await world.close();
    }
  });
});
