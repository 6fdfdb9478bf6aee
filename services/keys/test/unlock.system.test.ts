import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { MAX_CLOCK_SKEW_MS } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { create } from "@bufbuild/protobuf";
import { verifyKekReceipt } from "@cloister/audit";
import { AuthorityChainSchema } from "@cloister/contracts/keys/authority";
import { verifyAuthorityChain, verifyInstanceEvidence } from "@cloister/policy";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import { evidenceOf, newSigner, TestTenant } from "./tenant.ts";
import { deliver, keysOf, orderDestruction, type Delivery } from "./deliver-credential.ts";
import { UnlockWorld } from "./unlock-world.ts";
import { refusal } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

/** What the tenants' KMS lets in. */
const TOKEN = `hvs.${randomBytes(24).toString("base64url")}`;
const kms = { custody: "byok", provider: "openbao", keyRef: "transit/keys/tenant-kek" } as const;

describe("a tenant's KMS that keys has no credential for", () => {
  let world: UnlockWorld;

  beforeAll(async () => {
    world = await UnlockWorld.start(TOKEN);
  });
  afterAll(() => world.close());

  type Changes = Omit<Delivery, "tenant" | "credential"> & { readonly tenant: TestTenant; readonly token?: string };

  const delivery = ({ token = TOKEN, ...changes }: Changes) =>
    deliver(world, { ...changes, credential: { kind: "vault-token", token } });

  async function unlock(given: Changes): Promise<string> {
    const { keys = world.keys } = given;
    return (await world.authorityAt(keys).unlock(await delivery(given))).kmsOutcome;
  }

  /** A tenant that has unlocked `keys`, under a policy. */
  async function unlocked(): Promise<TestTenant> {
    const tenant = new TestTenant();
    expect(await unlock({ tenant })).toBe("NOT_ASKED");
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { kms })));
    return tenant;
  }

  /** What comes of a call that needs the tenant's keys unwrapped. */
  const codeOf = ({ tenantId }: TestTenant, keys = world.keys): Promise<string> =>
    refusal(world.authorityAt(keys).listInstances({ tenantId }));

  it("makes no tenant before it is unlocked, and says so", async () => {
    const tenant = new TestTenant();
    const policy = tenant.signed(tenant.policy(world.clock.nowMs(), { kms }));
    expect(await refusal(world.authority.applyPolicy(policy))).toBe("KEYS_LOCKED");
    expect(await unlock({ tenant })).toBe("NOT_ASKED");
    expect(await refusal(world.authority.applyPolicy(policy))).toBe("answered");
  });

  it("shows evidence that the tenant's policy can be held against, over the tenant's challenge", async () => {
    const tenant = await unlocked();
    const nonce = randomBytes(32);
    const begun = await world.authority.beginUnlock({ tenantId: tenant.tenantId, nonce });
    const policy = tenant.policy(world.clock.nowMs());
    const expected = { role: "keys" as const, nowMs: world.clock.nowMs(), verifiers: [simulatedVerifier] };
    await verifyInstanceEvidence(keysOf(begun), policy, { ...expected, nonce });
    const other = verifyInstanceEvidence(keysOf(begun), policy, { ...expected, nonce: randomBytes(32) });
    await expect(other).rejects.toMatchObject({ code: "EVIDENCE_INVALID" });
  });

  it("uses nothing of a tenant's once it was locked, at once, and all of it when it is unlocked again", async () => {
    const [mine, others] = [await unlocked(), await unlocked()];
    expect(await codeOf(mine)).toBe("answered");
    expect(await unlock({ tenant: mine, action: "lock" })).toBe("NOT_ASKED");
    expect([await codeOf(mine), await codeOf(others)]).toEqual(["KEYS_LOCKED", "answered"]);
    expect(await unlock({ tenant: mine })).toBe("");
    expect(await codeOf(mine)).toBe("answered");
  });

  it("is told at once that a credential doesn't serve", async () => {
    const tenant = await unlocked();
    expect(await unlock({ tenant, token: "hvs.another" })).toBe("KMS_CREDENTIAL_REFUSED");
    expect(await unlock({ tenant })).toBe("");
  });

  it("is locked again after a restart, and the operator's copy of the delivery unlocks nothing", async () => {
    const tenant = await unlocked();
    const copy = await delivery({ tenant });
    expect((await world.authority.unlock(copy)).kmsOutcome).toBe("");
    expect(await refusal(world.authority.unlock(copy))).toBe("REQUEST_EXPIRED");
    await world.restart();
    expect(await codeOf(tenant)).toBe("KEYS_LOCKED");
    expect(await refusal(world.authority.unlock(copy))).toBe("REQUEST_EXPIRED");
    expect(await unlock({ tenant })).toBe("");
    expect(await codeOf(tenant)).toBe("answered");
  });

  it("takes a credential from nobody but the tenant's root and whom its policy names for that", async () => {
    const tenant = await unlocked();
    const delegate = newSigner();
    const refusalOf = async (changes: Partial<Changes>) =>
      refusal(world.authority.unlock(await delivery({ tenant, ...changes })));
    expect(await refusalOf({ signer: newSigner() })).toBe("SIGNATURE_INVALID");
    expect(await refusalOf({ signer: delegate, office: "delegate" })).toBe("SIGNATURE_INVALID");
    const delegates = [{ verb: "unlock" as const, publicKey: delegate.publicKey }];
    const next = tenant.policy(world.clock.nowMs(), { kms, version: 2, delegates });
    await world.authority.applyPolicy(tenant.signed(next));
    expect(await refusalOf({ signer: delegate, office: "delegate" })).toBe("answered");
    expect(await refusalOf({ signer: delegate, office: "root" })).toBe("SIGNATURE_INVALID");
  });

  it("takes no word from days ahead, which no later one could take back", async () => {
    const tenant = await unlocked();
    const ahead = async (aheadMs: number) => refusal(world.authority.unlock(await delivery({ tenant, aheadMs })));
    expect(await ahead(MAX_CLOCK_SKEW_MS + 1_000)).toBe("REQUEST_EXPIRED");
    expect(await ahead(MAX_CLOCK_SKEW_MS - 1_000)).toBe("answered");
    world.clock.advance(MAX_CLOCK_SKEW_MS);
    expect(await unlock({ tenant, action: "lock" })).toBe("NOT_ASKED");
  });

  it("takes none that was sealed to another instance, or is another than was signed for", async () => {
    const tenant = await unlocked();
    const begun = await world.authority.beginUnlock({ tenantId: tenant.tenantId, nonce: randomBytes(32) });
    const another = await world.startAnother();
    try {
      const theirs = await delivery({ tenant, keys: another });
      expect(await refusal(world.authority.unlock(theirs))).toBe("REQUEST_EXPIRED");
    } finally {
      await another.close();
    }
    const [one, other] = [await delivery({ tenant, begun }), await delivery({ tenant, begun, token: "hvs.planted" })];
    expect(await refusal(world.authority.unlock({ ...one, sealed: other.sealed }))).toBe("MALFORMED");
  });

  it("is unlocked for each instance that the tenant's policy allows, and locked for all", async () => {
    const tenant = await unlocked();
    const second = await world.startAnother();
    try {
      expect(await codeOf(tenant, second)).toBe("answered");
      await unlock({ tenant, action: "lock" });
      // They ask each other every five seconds.
      await eventually(async () => expect(await codeOf(tenant, second)).toBe("KEYS_LOCKED"), {
        timeoutMs: 20_000,
        everyMs: 250,
      });
      await unlock({ tenant });
      expect(await codeOf(tenant)).toBe("answered");
    } finally {
      await second.close();
    }
  });

  it("is not for an instance of another program, whatever it says that it is", async () => {
    const tenant = await unlocked();
    const evidence = evidenceOf("keys", world.clock, new Uint8Array(48).fill(99));
    const stranger = await world.startAnother({ evidence });
    try {
      expect(await codeOf(tenant, stranger)).toBe("KEYS_LOCKED");
    } finally {
      await stranger.close();
    }
  });

  describe("whose KEK its tenant has destroyed", () => {
    const destroyed = async (order: Parameters<typeof orderDestruction>[1]) =>
      world.authority.destroyKek(await orderDestruction(world, order));
    const code = (order: Parameters<typeof orderDestruction>[1]) => refusal(destroyed(order));

    it("unwraps nothing of it any more, and its receipt says so, by the issuer key of before", async () => {
      const tenant = await unlocked();
      const { chain } = await world.authority.getPolicy({ tenantId: tenant.tenantId });
      const issuer = await verifyAuthorityChain({
        tenantId: tenant.tenantId,
        chain: chain ?? create(AuthorityChainSchema),
        nowMs: world.clock.nowMs(),
        verifiers: [simulatedVerifier],
        allowDevelopment: true,
      });
      const { kmsOutcome, receipt } = await destroyed({ tenant, kms });
      const said = verifyKekReceipt(receipt, issuer);
      const { provider, keyRef } = kms;
      expect([kmsOutcome, said]).toMatchObject([
        "",
        { provider, keyRef, windowEndsAtMs: null, refusedSince: "KMS_KEY_UNKNOWN" },
      ]);
      expect(said.leasesLapseAtMs - said.destroyedAtMs).toBe(6 * 60_000);
      expect(await codeOf(tenant)).toBe("KMS_UNAVAILABLE");
      expect(await code({ tenant, kms })).toBe("KMS_UNAVAILABLE");
    });

    it("was destroyed by its word alone: of its root, or of whom its policy names for that", async () => {
      const tenant = await unlocked();
      const [delegate, unlocker] = [newSigner(), newSigner()];
      const delegates = [
        { verb: "destroy-kek" as const, publicKey: delegate.publicKey },
        { verb: "unlock" as const, publicKey: unlocker.publicKey },
      ];
      const next = tenant.policy(world.clock.nowMs(), { kms, version: 2, delegates });
      await world.authority.applyPolicy(tenant.signed(next));
      const copy = await orderDestruction(world, { tenant, kms });
      const codes = [
        await code({ tenant, kms, signer: newSigner() }),
        await code({ tenant, kms, signer: unlocker, office: "delegate" }),
        await code({ tenant, kms: { ...kms, keyRef: "transit/keys/another" } }),
        await code({ tenant, kms, credential: { kind: "vault-token", token: "hvs.none" } }),
        await codeOf(tenant),
      ];
      expect(codes).toEqual(["SIGNATURE_INVALID", "SIGNATURE_INVALID", "POLICY_STALE", "answered", "answered"]);
      expect(await refusal(world.authority.destroyKek({ ...copy, genesisRoot: newSigner().publicKey }))).toBe(
        "TENANT_UNKNOWN",
      );
      expect(await code({ tenant, kms, signer: delegate, office: "delegate" })).toBe("answered");
      expect(await codeOf(tenant)).toBe("KMS_UNAVAILABLE");
      expect(await refusal(world.authority.destroyKek(copy))).not.toBe("answered");
    });
  });

  it("leaves the credential in no table and no line of the log", async () => {
    await unlocked();
    const tables = await sql<{ schema: string; name: string }>`
      select table_schema as schema, table_name as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(
      world.db.kysely,
    );
    const rows = [];
    for (const { schema, name } of tables.rows) {
      const found = await sql<{ row: string }>`select t::text as row from ${sql.id(schema, name)} t`.execute(
        world.db.kysely,
      );
      rows.push(...found.rows.map(({ row }) => row));
    }
    const everything = [...rows, ...world.log.lines].join("\n");
    const forms = [TOKEN, Buffer.from(TOKEN).toString("hex"), Buffer.from(TOKEN).toString("base64").slice(0, 24)];
    expect(forms.filter((form) => everything.includes(form))).toEqual([]);
    expect(rows.length).toBeGreaterThan(10);
    expect(world.log.lines.join("\n")).toContain("a tenant unlocked keys");
  });
});
