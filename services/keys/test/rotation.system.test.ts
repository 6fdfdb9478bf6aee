import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { verifyReceipt } from "@cloister/audit";
import type { KeyRequest } from "@cloister/keyring";
import {
  HOUR_MS,
  verifyAuthorityChain,
  verifyConversationStatement,
  verifyInstanceCertificate,
  type VerifiedChain,
} from "@cloister/policy";
import { schemaOf } from "@cloister/storage";
import type { KeysTables, TenantRow } from "../src/records/tables.ts";
import { AttestedSession, bucketOf } from "./attested-session.ts";
import type { TestTenant } from "./tenant.ts";
import { given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const MINUTE_MS = 60_000;

describe("a rotation of a tenant's keys", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.close());

  async function chainOf({ tenantId }: TestTenant): Promise<VerifiedChain> {
    const { chain } = await world.authority.getPolicy({ tenantId });
    if (chain === undefined) throw new Error("the answer carries no chain");
    const verifiers = [simulatedVerifier];
    return verifyAuthorityChain({ tenantId, chain, nowMs: world.clock.nowMs(), verifiers, allowDevelopment: true });
  }

  const rotate = ({ tenantId }: TestTenant, issuer = true) => world.authority.rotateKeys({ tenantId, issuer });

  async function certificateOf({ tenantId }: TestTenant): Promise<Uint8Array> {
    await AttestedSession.begin(world, "redaction");
    const { instances } = await world.authority.listInstances({ tenantId });
    return instances[0]?.certificate ?? new Uint8Array();
  }

  async function rowOf({ tenantId }: TestTenant): Promise<TenantRow> {
    const tables = schemaOf<KeysTables>(world.db, "keys");
    return tables.selectFrom("tenant").selectAll().where("tenant_id", "=", tenantId).executeTakeFirstOrThrow();
  }

  it("makes another issuer, and what the one before has signed still verifies", async () => {
    const tenant = await world.newTenant();
    const opened = await world.open(tenant);
    const certificate = await certificateOf(tenant);
    const atMs = world.clock.nowMs();
    const { tombstoneId } = await world.lifecycle.eraseConversation((await world.open(tenant)).name);
    const { receipt } = await world.lifecycle.issueReceipt({ tenantId: tenant.tenantId, tombstoneIds: [tombstoneId] });
    const before = await chainOf(tenant);

    world.clock.advance(2 * MINUTE_MS);
    await rotate(tenant);
    const after = await chainOf(tenant);
    expect(after.issuerKey).not.toEqual(before.issuerKey);
    verifyConversationStatement(opened.statement, after, { nowMs: "any", conversationId: opened.conversationId });
    verifyInstanceCertificate(certificate, after, { role: "redaction", atMs });
    verifyReceipt(receipt, after);
    // And the other way: what is signed from now on is by nobody that the old chain knows.
    const newer = await certificateOf(tenant);
    expect(() => verifyInstanceCertificate(newer, before, { role: "redaction", atMs })).toThrow("isn't signed");
  });

  it("goes on for conversations and instances that were there before", async () => {
    const tenant = await world.newTenant();
    const { name, client } = await world.open(tenant);
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const keyring = world.keyring("redaction");
    const before = (await keyring.lease([request])).certificateFor(tenant.tenantId);
    await rotate(tenant);
    // Past the lease, in the session of before.
    world.clock.advance(MINUTE_MS + 1);
    const keys = await keyring.lease([request]);
    expect(given(() => keys.openingKey(request))).toBe("given");
    expect(keys.certificateFor(tenant.tenantId)).not.toEqual(before);
    const renewal = client.renewRequest(tenant, world.clock.nowMs(), client.kem);
    const { statement } = await world.authority.renewConversation(renewal);
    verifyConversationStatement(statement, await chainOf(tenant), { nowMs: world.clock.nowMs(), ...name });
  });

  it("is known to every instance of keys at once", async () => {
    const tenant = await world.newTenant();
    const sibling = await world.sibling();
    try {
      await sibling.authority.getPolicy({ tenantId: tenant.tenantId });
      const { issuerKey } = await rotate(tenant);
      const { chain } = await sibling.authority.getPolicy({ tenantId: tenant.tenantId });
      expect(Buffer.from(chain?.issuerNote ?? []).toString()).toContain(Buffer.from(issuerKey).toString("hex"));
    } finally {
      await sibling.close();
    }
  });

  it("believes a former issuer nothing that it says of a later time", async () => {
    const tenant = await world.newTenant();
    const certificate = await certificateOf(tenant);
    await rotate(tenant);
    const chain = await chainOf(tenant);
    const [former] = chain.formerIssuers ?? [];
    if (former === undefined) throw new Error("the chain names no former issuer");
    const retired = { ...chain, formerIssuers: [{ ...former, retiredAtMs: world.clock.nowMs() - HOUR_MS }] };
    const expected = { role: "redaction" as const, atMs: world.clock.nowMs() };
    verifyInstanceCertificate(certificate, chain, expected);
    expect(() => verifyInstanceCertificate(certificate, retired, expected)).toThrow("retired");
  });

  it("wraps the wrapping key anew and leaves the issuer where that is all that was asked for", async () => {
    const tenant = await world.newTenant();
    const [before, chain] = [await rowOf(tenant), await chainOf(tenant)];
    await rotate(tenant, false);
    const after = await rowOf(tenant);
    expect(after.wrapped_wrapping_key).not.toEqual(before.wrapped_wrapping_key);
    expect((await chainOf(tenant)).issuerKey).toEqual(chain.issuerKey);
    await world.restart();
    expect(await refusal(world.open(tenant))).toBe("answered");
  });

  it("of an issuer comes once an hour, so that nobody wears out the room for former ones", async () => {
    const tenant = await world.newTenant();
    await rotate(tenant);
    expect(await refusal(rotate(tenant))).toBe("ROTATED_LATELY");
    for (let count = 2; count <= 17; count++) {
      world.clock.advance(HOUR_MS + 2 * MINUTE_MS);
      await rotate(tenant);
    }
    expect((await chainOf(tenant)).formerIssuers).toHaveLength(15);
  });

  it("keeps former issuers from whoever owns the database", async () => {
    const [tenant, other] = [await world.newTenant(), await world.newTenant()];
    await rotate(tenant);
    await rotate(other);
    const { wrapped_former_issuers } = await rowOf(other);
    const tables = schemaOf<KeysTables>(world.db, "keys");
    await tables
      .updateTable("tenant")
      .set({ wrapped_former_issuers })
      .where("tenant_id", "=", tenant.tenantId)
      .execute();
    await world.restart();
    expect(await refusal(world.authority.getPolicy({ tenantId: tenant.tenantId }))).toBe("KEY_CORRUPT");
  });

  it("of a root is followed by policies that the new one signs, and by those alone", async () => {
    const tenant = await world.newTenant();
    const { name } = await world.open(tenant);
    const former = tenant.root;
    tenant.rotateRoot(world.clock.nowMs());
    const next = tenant.policy(world.clock.nowMs(), { version: 2 });
    expect(await refusal(world.authority.applyPolicy(tenant.signed(next, former)))).toBe("SIGNATURE_INVALID");
    await world.authority.applyPolicy(tenant.signed(next));
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    expect(await (await AttestedSession.begin(world, "redaction")).codes([request])).toEqual(["given"]);
    expect((await chainOf(tenant)).roots).toHaveLength(2);
  });
});
