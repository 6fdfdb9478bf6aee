import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { GetPolicyResponseSchema } from "@cloister/contracts/keys/authority";
import { DAY_MS, definePolicy } from "@cloister/policy";
import { ProblemError } from "@cloister/service";
import { FakeClock } from "@cloister/testing";
import { SimulatedTenant } from "@cloister/testing/tenant";

import type { Authority } from "../src/authority/authority.ts";
import { AuthorityPolicies } from "../src/messages/authority-policies.ts";

const notAsked = (): Promise<never> => Promise.reject(new Error("not asked in these tests"));

function setUp(shown = new SimulatedTenant(Date.UTC(2026, 10, 22)), cacheMs = 1_000, refused?: () => Promise<never>) {
  const clock = new FakeClock(Date.UTC(2026, 10, 22));
  const tenant = shown;
  let calls = 0;
  const authority: Authority = {
    applyPolicy: notAsked,
    openConversation: notAsked,
    renewConversation: notAsked,
    listInstances: notAsked,
    beginUnlock: notAsked,
    unlock: notAsked,
    rotateKeys: notAsked,
    destroyKek: notAsked,
    getPolicy: async () => {
      calls += 1;
      await refused?.();
      return create(GetPolicyResponseSchema, { chain: await tenant.chain(clock.nowMs()) });
    },
  };
  const policies = new AuthorityPolicies({ authority, clock, cacheMs });
  return { clock, tenant, policies, calls: () => calls };
}

describe("the policies that ingest knows", () => {
  it("asks once for many looks, also at the same time", async () => {
    const { policies, tenant, calls } = setUp();
    await Promise.all([policies.inForce(tenant.tenantId, 1), policies.inForce(tenant.tenantId, 1)]);
    await policies.inForce(tenant.tenantId, 1);
    expect(calls()).toBe(1);
  });

  it("asks again when its knowledge is old", async () => {
    const { policies, tenant, clock, calls } = setUp();
    await policies.inForce(tenant.tenantId, 1);
    clock.advance(1_000);
    await policies.inForce(tenant.tenantId, 1);
    expect(calls()).toBe(2);
  });

  it("asks again when a message names a newer policy", async () => {
    const { policies, tenant, clock } = setUp();
    await policies.inForce(tenant.tenantId, 1);
    clock.advance(1_000);
    tenant.policy = definePolicy("standard", { ...tenant.policy, version: 2 });
    expect((await policies.inForce(tenant.tenantId, 2)).version).toBe(2);
  });

  it("asks once a second for a version that nobody signed, whatever messages claim", async () => {
    const { policies, tenant, clock, calls } = setUp(undefined, 30_000);
    const claimed = async () => (await policies.inForce(tenant.tenantId, 9_999)).version;
    expect([await claimed(), await claimed(), await claimed()]).toEqual([1, 1, 1]);
    clock.advance(999);
    await claimed();
    expect(calls()).toBe(1);
    clock.advance(1);
    await claimed();
    expect(calls()).toBe(2);
  });

  it("goes on using the policy that it knows while messages claim a newer one", async () => {
    const { policies, tenant, clock, calls } = setUp(undefined, 30_000);
    await policies.inForce(tenant.tenantId, 2);
    clock.advance(29_999);
    await policies.inForce(tenant.tenantId, 1);
    expect(calls()).toBe(1);
  });

  it("asks once a second for a tenant that keys doesn't know, and says what keys said", async () => {
    const unknown = () => Promise.reject(new ProblemError("TENANT_UNKNOWN", 404, "No such tenant."));
    const { policies, tenant, clock, calls } = setUp(undefined, 30_000, unknown);
    const refused = () =>
      expect(policies.inForce(tenant.tenantId, 1)).rejects.toMatchObject({ code: "TENANT_UNKNOWN" });
    await refused();
    await refused();
    expect(calls()).toBe(1);
    clock.advance(1_000);
    await refused();
    expect(calls()).toBe(2);
  });

  it("asks again at once for a tenant whose policy was just applied, and after an outage", async () => {
    let answer = () => Promise.reject(new ProblemError("TENANT_UNKNOWN", 404, "No such tenant."));
    const { policies, tenant, calls } = setUp(undefined, 30_000, () => answer());
    await policies.inForce(tenant.tenantId, 1).catch(() => undefined);
    policies.forget(tenant.tenantId);
    answer = () => Promise.reject(new ProblemError("AUTHORITY_UNAVAILABLE", 503, "Away."));
    await policies.inForce(tenant.tenantId, 1).catch(() => undefined);
    await policies.inForce(tenant.tenantId, 1).catch(() => undefined);
    expect(calls()).toBe(3);
  });

  it("doesn't keep what was asked for before a new policy was applied", async () => {
    const { policies, tenant, calls } = setUp(undefined, 30_000);
    const before = policies.inForce(tenant.tenantId, 1);
    policies.forget(tenant.tenantId);
    await Promise.all([before, policies.inForce(tenant.tenantId, 1)]);
    await policies.inForce(tenant.tenantId, 1);
    expect(calls()).toBe(2);
  });

  it("does not take another tenant's policy", async () => {
    const { policies } = setUp();
    const { tenantId } = new SimulatedTenant(Date.UTC(2026, 10, 22));
    await expect(policies.inForce(tenantId, 1)).rejects.toMatchObject({ code: "AUTHORITY_UNAVAILABLE" });
  });

  it("says so when the policy has expired", async () => {
    const { policies, tenant, clock } = setUp();
    clock.advance(61 * DAY_MS);
    await expect(policies.inForce(tenant.tenantId, 1)).rejects.toMatchObject({ code: "POLICY_EXPIRED" });
  });
});
