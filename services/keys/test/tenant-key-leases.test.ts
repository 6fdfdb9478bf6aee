import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { parseTenantId } from "@cloister/envelope";
import { FakeClock } from "@cloister/testing";
import { openUnder, sealUnder } from "../src/hierarchy/aead.ts";
import { TenantKeyLeases, type KeyedTenant } from "../src/hierarchy/tenant-key-leases.ts";
import { kekOf, KmsError, type KmsProvider } from "@cloister/service-keys";
import type { KmsPolicy } from "../src/kms/key-wrapper.ts";
import { codeOf, codeOfAsync } from "./codes.ts";
import { ScriptedKms } from "./scripted-kms.ts";

const leaseMs = 60_000;

function policyOf(byte: number, provider: KmsProvider = "local"): KeyedTenant["policy"] {
  const tenantId = parseTenantId(new Uint8Array(16).fill(byte));
  return { tenantId, development: true, kms: { custody: "byok", provider, keyRef: "" } };
}

/** Unwraps, or is down. */
function kmsOfTest() {
  const kek = new Uint8Array(32).fill(7);
  const state = { isDown: false };
  const kms = new ScriptedKms({
    wrap: (_kek, plaintext, context) => Promise.resolve(sealUnder(kek, context, plaintext)),
    unwrap: (_kek, wrapped, context) =>
      state.isDown
        ? Promise.reject(new KmsError("KMS_UNREACHABLE", "down"))
        : Promise.resolve(openUnder(kek, context, wrapped)),
  });
  return { kms, state, unwraps: () => kms.asked.filter((operation) => operation === "unwrap").length };
}

async function setUp(capacity = 10) {
  const clock = new FakeClock();
  const { kms, state, unwraps } = kmsOfTest();
  const leases = new TenantKeyLeases({ wrapper: kms, clock, leaseMs, capacity });
  const tenant = async (byte: number): Promise<KeyedTenant> => {
    const policy = policyOf(byte);
    const { tenantId } = policy;
    const keys = await leases.create(policy);
    return { policy, tenant: { ...keys, tenant_id: tenantId, genesis_root: new Uint8Array(32), created_at_ms: 0 } };
  };
  return { clock, kms, state, unwraps, leases, tenant };
}

describe("leases of tenants' wrapping keys", () => {
  it("ask the KMS once per tenant and lease", async () => {
    const { clock, unwraps, leases, tenant } = await setUp();
    const row = await tenant(1);
    await Promise.all([leases.open(row), leases.open(row), leases.open(row)]);
    clock.advance(leaseMs - 1);
    await leases.open(row);
    expect(unwraps()).toBe(1);
    clock.advance(1);
    await leases.open(row);
    expect(unwraps()).toBe(2);
  });

  it("give the same issuer key each time, and another tenant another", async () => {
    const { clock, leases, tenant } = await setUp();
    const [one, two] = [await tenant(1), await tenant(2)];
    const issuer = async (row: KeyedTenant) =>
      Buffer.from((await leases.open(row)).issuer.publicKeyBytes).toString("hex");
    const before = await issuer(one);
    clock.advance(leaseMs);
    expect(await issuer(one)).toBe(before);
    expect(await issuer(two)).not.toBe(before);
  });

  it("leave nothing to use after their end", async () => {
    const { clock, leases, tenant } = await setUp();
    const row = await tenant(1);
    const keys = await leases.open(row);
    clock.advance(leaseMs);
    await leases.open(row);
    expect(codeOf(() => keys.generate({ kind: "issuer-key", tenantId: row.policy.tenantId }))).toBe("UNAVAILABLE");
    expect(codeOf(() => keys.issuer)).toBe("UNAVAILABLE");
  });

  it("ask again after the KMS was down", async () => {
    const { state, leases, tenant } = await setUp();
    const row = await tenant(1);
    state.isDown = true;
    expect(await codeOfAsync(leases.open(row))).toBe("KMS_UNAVAILABLE");
    state.isDown = false;
    expect(await codeOfAsync(leases.open(row))).toBe("done");
  });

  it("refuse a tenant that was given another's wrapped keys", async () => {
    const { leases, tenant } = await setUp();
    const [one, two] = [await tenant(1), await tenant(2)];
    const { wrapped_issuer_key } = two.tenant;
    const half = { ...one, tenant: { ...one.tenant, wrapped_issuer_key } };
    const whole = { ...one, tenant: { ...two.tenant, tenant_id: one.policy.tenantId } };
    expect(await codeOfAsync(leases.open(half))).toBe("KEY_CORRUPT");
    expect(await codeOfAsync(leases.open(whole))).toBe("KEY_CORRUPT");
  });

  it("hold the newest tenants only", async () => {
    const { unwraps, leases, tenant } = await setUp(2);
    const rows = [await tenant(1), await tenant(2), await tenant(3)];
    for (const row of rows) await leases.open(row);
    const [first] = rows;
    if (first !== undefined) await leases.open(first);
    expect(unwraps()).toBe(4);
  });

  it("are all forgotten with their holder", async () => {
    const { unwraps, leases, tenant } = await setUp();
    const rows = [await tenant(1), await tenant(2)];
    const held = await Promise.all(rows.map((row) => leases.open(row)));
    leases.destroy();
    await Promise.all(rows.map((row) => leases.open(row)));
    expect(held.map((keys) => codeOf(() => keys.issuer))).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
    expect(unwraps()).toBe(4);
  });

  it("open what they wrapped, at its own place alone", async () => {
    const { leases, tenant } = await setUp();
    const row = await tenant(1);
    const keys = await leases.open(row);
    const name = { kind: "bucket-key", tenantId: row.policy.tenantId, purpose: "map", notAfterMs: 1 } as const;
    const { key, wrapped } = keys.generate(name);
    expect(keys.unwrap(name, wrapped)).toEqual(key);
    expect(codeOf(() => keys.unwrap({ ...name, notAfterMs: 2 }, wrapped))).toBe("KEY_CORRUPT");
  });

  it("wrap under the KEK of the next policy what the KEK of the last one unwraps", async () => {
    const { kms, leases, tenant } = await setUp();
    const row = await tenant(1);
    kms.asked.length = 0;
    const wrapped_wrapping_key = await leases.rewrap(row, policyOf(1, "vault"));
    expect(kms.asked).toEqual(["unwrap", "ensureKek", "wrap"]);
    expect(wrapped_wrapping_key).not.toEqual(row.tenant.wrapped_wrapping_key);
    expect(await codeOfAsync(leases.open({ ...row, tenant: { ...row.tenant, wrapped_wrapping_key } }))).toBe("done");
  });

  it.each<[string, Partial<KmsPolicy>, boolean]>([
    ["for development", { development: true }, true],
    ["of a tenant that runs keys itself", { kms: { custody: "hyok", provider: "vault", keyRef: "a" } }, true],
    ["that accepts a credential", { kmsTrust: "credential" }, true],
    ["that says nothing of it", {}, false],
  ])("ask with a credential under a policy %s as it allows", (_what, changes, trustsCredential) => {
    const bare = { ...policyOf(1, "vault"), development: false };
    expect(kekOf({ ...bare, ...changes }).trustsCredential).toBe(trustsCredential);
  });

  it("are none when the KMS unwraps something of another length", async () => {
    const clock = new FakeClock();
    const wrapper = new ScriptedKms({ unwrap: () => Promise.resolve(Buffer.alloc(31)) });
    const leases = new TenantKeyLeases({ wrapper, clock, leaseMs, capacity: 1 });
    const { tenant } = await setUp();
    expect(await codeOfAsync(leases.open(await tenant(1)))).toBe("KEY_CORRUPT");
  });

  it("print as [key]", async () => {
    const { leases, tenant } = await setUp();
    const keys = await leases.open(await tenant(1));
    const printed = [JSON.stringify(keys), String(keys), inspect({ keys }, { showHidden: true })];
    expect(printed).toEqual(['"[key]"', "[key]", "{ keys: [key] }"]);
  });
});
