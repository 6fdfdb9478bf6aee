import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { bucketEnds, type KeyRequest } from "@cloister/keyring";
import { DAY_MS } from "@cloister/policy";
import { World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const CONVERSATIONS = 50;
const EVERY_MS = 12_000;
const LEASE_MS = 5 * 60_000;

let world: World;
beforeAll(async () => {
  world = await World.start({
    config: { http: { host: "127.0.0.1", port: 0 }, wrappingKeyLeaseMs: LEASE_MS },
  });
});
afterAll(() => world.close());

/** By operation, as the metric that operators see has counted them. */
async function kmsCalls(): Promise<Readonly<Record<string, number>>> {
  const metrics = await (await fetch(`${world.keys.address ?? ""}/metrics`)).text();
  const lines = metrics.matchAll(/^cloister_keys_kms_calls_total\{operation="(\w+)".*\} (\d+)$/gmu);
  return Object.fromEntries([...lines].map(([, operation = "", count]) => [operation, Number(count)]));
}

describe("a tenant's KMS at steady load", () => {
  it("is asked once per lease of the wrapping key, not per conversation: twice for 50 of them in ten minutes", async () => {
    const tenant = await world.newTenant();
    const before = await kmsCalls();
    const services = ["redaction", "enclave-inference", "embedding"] as const;
    const purposes = { redaction: "map", "enclave-inference": "log", embedding: "vector" } as const;
    const keyrings = new Map(services.map((role) => [role, world.keyring(role)]));
    for (let count = 0; count < CONVERSATIONS; count++) {
      const { name } = await world.open(tenant);
      const nowMs = world.clock.nowMs();
      const limits = { policy: tenant.policy(nowMs), sealUntilMs: nowMs, keysNotAfterMs: nowMs + 400 * DAY_MS };
      const ends = bucketEnds(limits, nowMs);
      // A message's way: every service gets keys of the conversation.
      for (const [role, keyring] of keyrings) {
        const purpose = purposes[role];
        const request: KeyRequest = { ...name, purpose, bucketEndMs: ends[purpose] };
        (await keyring.lease([request])).sealingKey(request);
      }
      world.clock.advance(EVERY_MS);
    }
    const after = await kmsCalls();
    const leases = (CONVERSATIONS * EVERY_MS) / LEASE_MS;
    expect(after).toEqual({ ...before, unwrap: leases });
  });
});
