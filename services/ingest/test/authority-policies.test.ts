import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { GetPolicyResponseSchema } from "@cloister/contracts/keys/authority";
import { DAY_MS, definePolicy } from "@cloister/policy";
import { FakeClock } from "@cloister/testing";
import { SimulatedTenant } from "@cloister/testing/tenant";

import type { Authority } from "../src/authority/authority.ts";
import { AuthorityPolicies } from "../src/messages/authority-policies.ts";

const notAsked = (): Promise<never> => Promise.reject(new Error("not asked in these tests"));

function setUp(shown = new SimulatedTenant(Date.UTC(2026, 10, 22))) {
  const clock = new FakeClock(Date.UTC(2026, 10, 22));
  const tenant = shown;
  let calls = 0;
  const authority: Authority = {
    applyPolicy: notAsked,
    openConversation: notAsked,
    renewConversation: notAsked,
    getPolicy: async () => {
      calls += 1;
      return create(GetPolicyResponseSchema, { chain: await tenant.chain(clock.nowMs()) });
    },
  };
  const policies = new AuthorityPolicies({ authority, clock, cacheMs: 1_000 });
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
    const { policies, tenant } = setUp();
    await policies.inForce(tenant.tenantId, 1);
    tenant.policy = definePolicy("standard", { ...tenant.policy, version: 2 });
    expect((await policies.inForce(tenant.tenantId, 2)).version).toBe(2);
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
