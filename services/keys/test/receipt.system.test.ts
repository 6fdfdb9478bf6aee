import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { MAX_RECEIPT_TOMBSTONES, renderReceipt, verifyReceipt, type Receipt } from "@cloister/audit";
import { DAY_MS, verifyAuthorityChain } from "@cloister/policy";
import type { TestTenant } from "./tenant.ts";
import { refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

type Asked = Parameters<World["lifecycle"]["issueReceipt"]>[0];

/** A receipt as its reader has it, who starts from the tenant's id. */
async function receiptOf({ tenantId }: TestTenant, asked: Asked): Promise<Receipt> {
  const { receipt } = await world.lifecycle.issueReceipt({ tenantId, ...asked });
  const { chain } = await world.authority.getPolicy({ tenantId });
  if (chain === undefined) throw new Error("the answer carries no chain");
  const nowMs = world.clock.nowMs();
  const verifiers = [simulatedVerifier];
  return verifyReceipt(
    receipt,
    await verifyAuthorityChain({ tenantId, chain, nowMs, verifiers, allowDevelopment: true }),
  );
}

async function erasedConversation(tenant?: TestTenant) {
  const { name, tenant: owner } = await world.open(tenant ?? (await world.newTenant()));
  const { tombstoneId } = await world.lifecycle.eraseConversation(name);
  return { name, tenant: owner, tombstoneId, erasedAtMs: world.clock.nowMs() };
}

/** The tombstone of a bucket that was destroyed after its end. */
async function endedBucket() {
  const { tenant } = await world.open(await world.newTenant());
  const { tenantId } = tenant;
  world.clock.advance(8 * DAY_MS);
  const { due } = await world.lifecycle.planDestruction({});
  const keys = due.filter((key) => Buffer.compare(key.tenantId, tenantId) === 0);
  const { tombstoneIds } = await world.lifecycle.destroyBucketKeys({ keys });
  return { tenant, tombstoneIds, keys };
}

describe("a receipt", () => {
  it("verifies from the tenant's id on, and is partial until the last lease has lapsed", async () => {
    const { tenant, tombstoneId, erasedAtMs } = await erasedConversation();
    const early = await receiptOf(tenant, { tombstoneIds: [tombstoneId] });
    world.clock.advance(59_999);
    const last = await receiptOf(tenant, { tombstoneIds: [tombstoneId] });
    world.clock.advance(1);
    const late = await receiptOf(tenant, { tombstoneIds: [tombstoneId] });
    const endsAtMs = erasedAtMs + 60_000;
    expect([early, last, late].map(({ partialUntilMs }) => partialUntilMs)).toEqual([endsAtMs, endsAtMs, null]);
    expect(renderReceipt(late)).toContain("Status: complete");
  });

  it("is partial until the last of several leases has lapsed", async () => {
    const first = await erasedConversation();
    world.clock.advance(10_000);
    const second = await erasedConversation(first.tenant);
    const tombstoneIds = [first.tombstoneId, second.tombstoneId];
    expect((await receiptOf(first.tenant, { tombstoneIds })).partialUntilMs).toBe(second.erasedAtMs + 60_000);
  });

  it("is complete at once for what had ended: no lease passes its bucket's end", async () => {
    const { tenant, tombstoneIds, keys } = await endedBucket();
    const nowMs = world.clock.nowMs();
    const { partialUntilMs, attested, issuedAtMs } = await receiptOf(tenant, { tombstoneIds });
    expect([partialUntilMs, attested.leasesLapseAtMs, issuedAtMs]).toEqual([null, nowMs, nowMs]);
    const [tombstone] = attested.tombstones;
    const bucketEndMs = Number(keys[0]?.bucketEndMs);
    expect(tombstone).toMatchObject({
      reason: "expired",
      destroyed: { kind: "bucket-key", purpose: "inbound", bucketEndMs },
    });
  });

  it("says which conversation was erased, whose credential the KMS trusted, and not that the database was never set back", async () => {
    const { tenant, tombstoneId, name } = await erasedConversation();
    const { attested } = await receiptOf(tenant, { tombstoneIds: [tombstoneId] });
    expect(attested).toMatchObject({ isRollbackExcluded: false, kmsTrust: "credential" });
    expect(attested.tombstones.map(({ reason, destroyed }) => [reason, destroyed.kind])).toEqual([
      ["erased", "conversation"],
    ]);
    const [tombstone] = attested.tombstones;
    const erased = tombstone?.destroyed.kind === "conversation" ? tombstone.destroyed.conversationId : "";
    expect(Buffer.from(erased)).toEqual(Buffer.from(name.conversationId));
  });

  it("keeps apart what the operator says it dropped, and waits for what is outstanding there", async () => {
    const { tenant, tombstoneId, erasedAtMs } = await erasedConversation();
    world.clock.advance(60_000);
    const dropped = "partition redaction.map_entry_2026_11_22";
    const outstandingMs = erasedAtMs + 120_000;
    const partial = await receiptOf(tenant, {
      tombstoneIds: [tombstoneId],
      operatorAsserted: [{ dropped, rows: 3n }],
      partialUntilMs: BigInt(outstandingMs),
    });
    const closing = await receiptOf(tenant, { tombstoneIds: [tombstoneId], closes: partial.id });
    expect([partial.operatorAsserted, partial.partialUntilMs, partial.closes]).toEqual([
      [{ dropped, rows: 3 }],
      outstandingMs,
      null,
    ]);
    expect([closing.operatorAsserted, closing.partialUntilMs]).toEqual([[], null]);
    expect(Buffer.from(closing.closes ?? "")).toEqual(Buffer.from(partial.id));
  });

  it("is refused for tombstones that don't stand, or are another tenant's, and for a tenant that is unknown", async () => {
    const { tombstoneId } = await erasedConversation();
    const { tenantId } = await world.newTenant();
    const codeFor = (id: Uint8Array, owner: Uint8Array = tenantId) =>
      refusal(world.lifecycle.issueReceipt({ tenantId: owner, tombstoneIds: [id] }));
    expect([
      await codeFor(tombstoneId),
      await codeFor(randomBytes(16)),
      await codeFor(tombstoneId, randomBytes(16)),
    ]).toEqual(["TOMBSTONE_UNKNOWN", "TOMBSTONE_UNKNOWN", "TENANT_UNKNOWN"]);
  });

  it("is of one tombstone to as many as it can hold, and of ids of 16 bytes", async () => {
    const { tenant, tombstoneId } = await erasedConversation();
    const { tenantId } = tenant;
    const ids = (count: number) => Array<Uint8Array>(count).fill(tombstoneId);
    const codeFor = (asked: Asked) =>
      refusal(world.lifecycle.issueReceipt({ tenantId, tombstoneIds: ids(1), ...asked }));
    const codes = [
      await codeFor({ tombstoneIds: ids(MAX_RECEIPT_TOMBSTONES) }),
      await codeFor({ tombstoneIds: ids(MAX_RECEIPT_TOMBSTONES + 1) }),
      await codeFor({ tombstoneIds: [] }),
      await codeFor({ tombstoneIds: [tombstoneId.subarray(1)] }),
      await codeFor({ tenantId: tenantId.subarray(1) }),
      await codeFor({ closes: randomBytes(15) }),
    ];
    expect(codes).toEqual(["answered", ...Array<string>(5).fill("MALFORMED")]);
  });

  it("is refused when what the operator asserts can't stand in one", async () => {
    const { tenant, tombstoneId } = await erasedConversation();
    const { tenantId } = tenant;
    const operatorAsserted = [{ dropped: "a line\nof its own", rows: 1n }];
    const issued = world.lifecycle.issueReceipt({ tenantId, tombstoneIds: [tombstoneId], operatorAsserted });
    expect(await refusal(issued)).toBe("MALFORMED");
  });
});
