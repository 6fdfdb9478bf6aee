import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { schemaOf } from "@cloister/storage";
import type { ConversationRow, KeysTables } from "../src/records/tables.ts";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import { TestClient, type TestTenant } from "./tenant.ts";
import { refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

const tables = () => schemaOf<KeysTables>(world.db, "keys");

/** The code with which a conversation's renewal is answered after its row was changed. */
async function renewed(tenant: TestTenant, opened: Awaited<ReturnType<World["open"]>>, row: Partial<ConversationRow>) {
  const { client, conversationId } = opened;
  await tables().updateTable("conversation").set(row).where("conversation_id", "=", conversationId).execute();
  return refusal(world.authority.renewConversation(client.renewRequest(tenant, world.clock.nowMs(), client.kem)));
}

describe("a conversation's row that the operator wrote", () => {
  it("renews nothing: neither noise, nor what another signed, nor what the issuer signed of something else", async () => {
    const [tenant, other] = [await world.newTenant(), await world.newTenant()];
    const opened = await world.open(tenant);
    await AttestedSession.begin(world, "redaction");
    const { instances } = await world.authority.listInstances({ tenantId: tenant.tenantId });
    const own = Buffer.from(opened.statement).toString();
    const statements: Readonly<Record<string, Uint8Array>> = {
      noise: Buffer.alloc(200, 7),
      "another issuer's": (await world.open(other)).statement,
      "another conversation's": (await world.open(tenant)).statement,
      "a certificate": instances[0]?.certificate ?? new Uint8Array(),
      changed: Buffer.from(own.replace(String(world.clock.nowMs()), String(world.clock.nowMs() + 1))),
    };
    const codes: Record<string, string> = {};
    for (const [which, statement] of Object.entries(statements)) {
      codes[which] = await renewed(tenant, opened, { statement });
    }
    expect(codes).toEqual(Object.fromEntries(Object.keys(statements).map((which) => [which, "KEY_CORRUPT"])));
  });

  it("doesn't bring back a conversation that has a tombstone, and ends one whose statement is gone", async () => {
    const tenant = await world.newTenant();
    const [erased, emptied] = [await world.open(tenant), await world.open(tenant)];
    await world.lifecycle.eraseConversation(erased.name);
    const codes = [
      await renewed(tenant, erased, { statement: erased.statement, opening_statement: erased.statement }),
      await renewed(tenant, emptied, { statement: null }),
    ];
    expect(codes).toEqual(["KEY_DESTROYED", "KEY_DESTROYED"]);
  });

  it("renews nothing without its secret", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    await tables().deleteFrom("conversation_secret").where("conversation_id", "=", opened.conversationId).execute();
    expect(await renewed(tenant, opened, { renewed_at_ms: 0 })).toBe("KEY_DESTROYED");
  });
});

describe("a conversation's rows, of which the operator kept some", () => {
  const byId = (conversationId: Uint8Array) => ["conversation_id", "=", conversationId] as const;

  /** What an instance is told of the conversation: its map key, and its record. */
  async function released(tenant: TestTenant, { name }: Awaited<ReturnType<World["open"]>>) {
    const session = await AttestedSession.begin(world, "redaction");
    const { keys, conversations } = await session.release([
      { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") },
    ]);
    return [...keys.map(({ result }) => (result.case === "key" ? "given" : result.value)), conversations[0]?.refusal];
  }

  it("give no key without the secret", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    await tables()
      .deleteFrom("conversation_secret")
      .where(...byId(opened.conversationId))
      .execute();
    expect(await released(tenant, opened)).toEqual(["KEY_DESTROYED", "KEY_DESTROYED"]);
  });

  it("give no record without the statement", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    await tables()
      .updateTable("conversation")
      .set({ statement: null })
      .where(...byId(opened.conversationId))
      .execute();
    expect((await released(tenant, opened))[1]).toBe("KEY_DESTROYED");
  });

  it("give nothing when all were brought back after an erasure: the tombstone stands", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    const mine = byId(opened.conversationId);
    const secret = await tables()
      .selectFrom("conversation_secret")
      .selectAll()
      .where(...mine)
      .execute();
    await world.lifecycle.eraseConversation(opened.name);
    await tables().insertInto("conversation_secret").values(secret).execute();
    await tables()
      .updateTable("conversation")
      .set({ statement: opened.statement })
      .where(...mine)
      .execute();
    expect(await released(tenant, opened)).toEqual(["KEY_DESTROYED", "KEY_DESTROYED"]);
  });
});

describe("a policy's row that the operator took away", () => {
  it("leads to no older policy, and to no tenant when it was the only one", async () => {
    const tenant = await world.newTenant();
    const { tenantId } = tenant;
    const code = () => refusal(world.authority.getPolicy({ tenantId }));
    const remove = (version: number) =>
      tables().deleteFrom("policy").where("tenant_id", "=", tenantId).where("version", "=", version).execute();
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    const codes = [await code()];
    for (const version of [2, 1]) {
      await remove(version);
      codes.push(await code());
    }
    expect(codes).toEqual(["answered", "POLICY_STALE", "TENANT_UNKNOWN"]);
  });
});

describe("a conversation that was erased", () => {
  it("is not opened again by the request that opened it", async () => {
    const tenant = await world.newTenant();
    const client = new TestClient();
    const request = client.openRequest(tenant, tenant.admission(client, world.clock.nowMs()));
    await world.authority.openConversation(request);
    await world.lifecycle.eraseConversation({
      tenantId: tenant.tenantId,
      conversationId: client.conversationId(tenant),
    });
    expect(await refusal(world.authority.openConversation(request))).toBe("KEY_DESTROYED");
  });
});
