import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { FakeClock } from "@cloister/testing";
import { openUnder, sealUnder } from "../src/hierarchy/aead.ts";
import type { KeyWrapper } from "../src/hierarchy/key-wrapper.ts";
import { TenantKeyLeases } from "../src/hierarchy/tenant-key-leases.ts";
import type { TenantRow } from "../src/records/tables.ts";
import { codeOf, codeOfAsync } from "./codes.ts";
import { KeysError } from "@cloister/service-keys";

const leaseMs = 60_000;

/** A KMS that counts what it is asked, and can be down. */
class CountingKms implements KeyWrapper {
  unwraps = 0;
  isDown = false;
  readonly #kek = new Uint8Array(32).fill(7);

  ensureKek(): Promise<void> {
    return Promise.resolve();
  }

  wrap(_tenantId: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(sealUnder(this.#kek, aad, plaintext));
  }

  unwrap(_tenantId: Uint8Array, wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    this.unwraps += 1;
    if (this.isDown) return Promise.reject(new KeysError("KMS_UNAVAILABLE", "down"));
    return Promise.resolve(openUnder(this.#kek, aad, wrapped));
  }
}

async function setUp(capacity = 10) {
  const [clock, kms] = [new FakeClock(), new CountingKms()];
  const leases = new TenantKeyLeases({ wrapper: kms, clock, leaseMs, capacity });
  const tenant = async (byte: number): Promise<TenantRow> => {
    const tenantId = new Uint8Array(16).fill(byte);
    const keys = await leases.create(tenantId);
    return { ...keys, tenant_id: tenantId, genesis_root: new Uint8Array(32), created_at_ms: 0 };
  };
  return { clock, kms, leases, tenant };
}

describe("leases of tenants' wrapping keys", () => {
  it("ask the KMS once per tenant and lease", async () => {
    const { clock, kms, leases, tenant } = await setUp();
    const row = await tenant(1);
    await Promise.all([leases.open(row), leases.open(row), leases.open(row)]);
    clock.advance(leaseMs - 1);
    await leases.open(row);
    expect(kms.unwraps).toBe(1);
    clock.advance(1);
    await leases.open(row);
    expect(kms.unwraps).toBe(2);
  });

  it("give the same issuer key each time, and another tenant another", async () => {
    const { clock, leases, tenant } = await setUp();
    const [one, two] = [await tenant(1), await tenant(2)];
    const issuer = async (row: TenantRow) =>
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
    expect(codeOf(() => keys.generate({ kind: "issuer-key", tenantId: row.tenant_id }))).toBe("UNAVAILABLE");
    expect(codeOf(() => keys.issuer)).toBe("UNAVAILABLE");
  });

  it("ask again after the KMS was down", async () => {
    const { kms, leases, tenant } = await setUp();
    const row = await tenant(1);
    kms.isDown = true;
    expect(await codeOfAsync(leases.open(row))).toBe("KMS_UNAVAILABLE");
    kms.isDown = false;
    expect(await codeOfAsync(leases.open(row))).toBe("done");
  });

  it("refuse a tenant that was given another's wrapped keys", async () => {
    const { leases, tenant } = await setUp();
    const [one, two] = [await tenant(1), await tenant(2)];
    const { wrapped_issuer_key } = two;
    expect(await codeOfAsync(leases.open({ ...one, wrapped_issuer_key }))).toBe("KEY_CORRUPT");
    expect(await codeOfAsync(leases.open({ ...two, tenant_id: one.tenant_id }))).toBe("KEY_CORRUPT");
  });

  it("hold the newest tenants only", async () => {
    const { kms, leases, tenant } = await setUp(2);
    const rows = [await tenant(1), await tenant(2), await tenant(3)];
    for (const row of rows) await leases.open(row);
    const [first] = rows;
    if (first !== undefined) await leases.open(first);
    expect(kms.unwraps).toBe(4);
  });

  it("are all forgotten with their holder", async () => {
    const { kms, leases, tenant } = await setUp();
    const rows = [await tenant(1), await tenant(2)];
    const held = await Promise.all(rows.map((row) => leases.open(row)));
    leases.destroy();
    await Promise.all(rows.map((row) => leases.open(row)));
    expect(held.map((keys) => codeOf(() => keys.issuer))).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
    expect(kms.unwraps).toBe(4);
  });

  it("open what they wrapped, at its own place alone", async () => {
    const { leases, tenant } = await setUp();
    const row = await tenant(1);
    const keys = await leases.open(row);
    const name = { kind: "bucket-key", tenantId: row.tenant_id, purpose: "map", notAfterMs: 1 } as const;
    const { key, wrapped } = keys.generate(name);
    expect(keys.unwrap(name, wrapped)).toEqual(key);
    expect(codeOf(() => keys.unwrap({ ...name, notAfterMs: 2 }, wrapped))).toBe("KEY_CORRUPT");
  });

  it("print as [key]", async () => {
    const { leases, tenant } = await setUp();
    const keys = await leases.open(await tenant(1));
    const printed = [JSON.stringify(keys), String(keys), inspect({ keys }, { showHidden: true })];
    expect(printed).toEqual(['"[key]"', "[key]", "{ keys: [key] }"]);
  });
});
