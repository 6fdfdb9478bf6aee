import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { attestedRoles, MAX_CLOCK_SKEW_MS } from "@cloister/attestation";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnds, type ConversationName, type KeyRequest, type TransformKey } from "@cloister/keyring";
import { DAY_MS, purposes, purposesOfRole, verifyAuthorityChain, verifyInstanceCertificate } from "@cloister/policy";
import { capturedLog } from "@cloister/testing";
import { AttestedSession, bucketOf, countingTransport } from "./attested-session.ts";
import { TestTenant } from "./tenant.ts";
import { given, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

const roles = attestedRoles.filter((role) => role !== "keys");

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

describe("the table of roles and purposes", () => {
  it("gives each role the purposes of its row and no other, for its own conversation only", async () => {
    const own = await world.open(await world.newTenant());
    const other = await world.open(await world.newTenant());
    const crossed = { tenantId: own.tenant.tenantId, conversationId: other.conversationId };
    for (const role of roles) {
      const keyring = world.keyring(role);
      const record = (await keyring.lease([], [own.name])).conversation(own.name);
      const ends = { ...bucketEnds(record, world.clock.nowMs()), inbound: record.inboundExpiresAtMs };
      const requests = [own.name, crossed].flatMap((name) =>
        purposes.map((purpose): KeyRequest => ({ ...name, purpose, bucketEndMs: ends[purpose] })),
      );
      const leased = await keyring.lease(requests);
      const found = requests.map((request) => [
        request.purpose,
        given(() => leased.openingKey(request)),
        given(() => leased.sealingKey(request)),
      ]);
      const row = (name: string) =>
        purposes.map((purpose) => {
          const access = purposesOfRole[role][purpose] ?? "";
          const canSeal = access.includes("w") && purpose !== "inbound";
          return [purpose, access.includes("r") ? name : "PURPOSE_NOT_ALLOWED", canSeal ? name : "PURPOSE_NOT_ALLOWED"];
        });
      expect({ role, found }).toEqual({ role, found: [...row("given"), ...row("CONVERSATION_UNKNOWN")] });
    }
  });

  it("is enforced by keys, whatever the caller's own library would do", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const session = await AttestedSession.begin(world, "embedding");
    const wanted = purposes.map((purpose): KeyRequest => ({
      ...name,
      purpose,
      bucketEndMs: bucketOf(world, tenant, purpose),
    }));
    expect(await session.codes(wanted)).toEqual([
      "PURPOSE_NOT_ALLOWED",
      "given",
      "PURPOSE_NOT_ALLOWED",
      "PURPOSE_NOT_ALLOWED",
      "given",
    ]);
  });

  it("gives two roles the same key, and another purpose, conversation or bucket another", async () => {
    const tenant = await world.newTenant();
    const [first, second] = [await world.open(tenant), await world.open(tenant)];
    const [flow, vector] = [bucketOf(world, tenant, "flow"), bucketOf(world, tenant, "vector")];
    const requests: KeyRequest[] = [
      { ...first.name, purpose: "flow", bucketEndMs: flow },
      { ...first.name, purpose: "vector", bucketEndMs: vector },
      { ...first.name, purpose: "vector", bucketEndMs: vector - DAY_MS },
      { ...second.name, purpose: "flow", bucketEndMs: flow },
    ];
    const texts = async (role: "enclave-inference" | "embedding") => {
      const { keys } = await (await AttestedSession.begin(world, role)).release(requests);
      return keys.map(({ result }) => (result.case === "key" ? Buffer.from(result.value).toString("hex") : "refused"));
    };
    const given = await texts("embedding");
    expect(await texts("enclave-inference")).toEqual(given);
    requests.reverse();
    expect(await texts("embedding")).toEqual(given.toReversed());
    expect(new Set(given).size).toBe(4);
  });
});

describe("a lease", () => {
  it("brings the record of the conversation and a certificate of this instance", async () => {
    const { name, tenant, client } = await world.open(await world.newTenant());
    const keyring = world.keyring("enclave-inference");
    const leased = await keyring.lease([], [name]);
    const record = leased.conversation(name);
    expect(Buffer.from(record.clientKey.bytes)).toEqual(Buffer.from(client.kem.publicKeyBytes));
    const { chain } = await world.authority.getPolicy({ tenantId: tenant.tenantId });
    if (chain === undefined) throw new Error("no chain");
    const atMs = world.clock.nowMs();
    const { tenantId } = tenant;
    const options = { nowMs: atMs, verifiers: [simulatedVerifier], allowDevelopment: true };
    const verified = await verifyAuthorityChain({ tenantId, chain, ...options });
    const note = leased.certificateFor(tenantId);
    const certificate = verifyInstanceCertificate(note, verified, { role: "enclave-inference", atMs });
    expect(Buffer.from(certificate.signingPublicKey)).toEqual(Buffer.from(keyring.signer.publicKeyBytes));
    expect(certificate.notBeforeMs).toBe(atMs - MAX_CLOCK_SKEW_MS);
  });

  it("opens what a client sealed to the inbound key of its statement", async () => {
    const { name } = await world.open(await world.newTenant());
    const keyring = world.keyring("redaction");
    const record = (await keyring.lease([], [name])).conversation(name);
    const request: KeyRequest = { ...name, purpose: "inbound", bucketEndMs: record.inboundExpiresAtMs };
    const key = (await keyring.lease([request])).openingKey(request);
    expect("publicKeyBytes" in key && Buffer.from(key.publicKeyBytes)).toEqual(Buffer.from(record.inboundPublicKey));
  });

  it("ends after 60 seconds, is fetched anew before, and never passes the end of its bucket", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const keyring = world.keyring("redaction");
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const leased = await keyring.lease([request]);
    const key = leased.sealingKey(request);
    world.clock.advance(59_000);
    expect(given(() => leased.sealingKey(request))).toBe("given");
    const renewed = await keyring.lease([request]);
    world.clock.advance(2_000);
    expect(given(() => leased.sealingKey(request))).toBe("LEASE_ENDED");
    expect(renewed.sealingKey(request)).toBe(key);
    world.clock.advance(60_000);
    await keyring.lease([]);
    expect(key.isDestroyed).toBe(true);
  });

  it("brings embedding and inference the same transform of a conversation's vectors, renewed and ended with its key", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const other = await world.open(tenant);
    const requestOf = (conversation: ConversationName): KeyRequest => ({
      ...conversation,
      purpose: "vector",
      bucketEndMs: bucketOf(world, tenant, "vector"),
    });
    const requests = [requestOf(name), requestOf(other.name)];
    const seedOf = (key: TransformKey): string => {
      let seed = "";
      key.make((bytes) => {
        seed = Buffer.from(bytes).toString("hex");
        return { destroy: () => undefined };
      });
      return seed;
    };
    const embedding = world.keyring("embedding");
    const leased = await embedding.lease(requests);
    const inference = await world.keyring("enclave-inference").lease(requests);
    const seeds = [leased, inference].map((lease) => requests.map((one) => seedOf(lease.transformKey(one))));
    expect(seeds[0]).toEqual(seeds[1]);
    expect(new Set(seeds.flat()).size).toBe(2);

    const key = leased.transformKey(requestOf(name));
    world.clock.advance(50_000);
    expect((await embedding.lease(requests)).transformKey(requestOf(name))).toBe(key);
    world.clock.advance(60_000);
    await embedding.lease([]);
    expect(key.isDestroyed).toBe(true);
  });

  it("makes one call for a batch and none while all of it is held", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const counted = countingTransport(world.transport("release"));
    const keyring = world.keyring("embedding", { transport: counted.transport });
    const requests = (["flow", "vector"] as const).map((purpose): KeyRequest => ({
      ...name,
      purpose,
      bucketEndMs: bucketOf(world, tenant, purpose),
    }));
    await keyring.lease(requests);
    await keyring.lease(requests);
    expect(counted.methods).toEqual(["BeginSession", "AttestSession", "ReleaseKeys"]);
  });

  it("is refused for a tenant whose policy doesn't allow this program, and given for one whose policy does", async () => {
    const allowing = await world.open(await world.newTenant());
    const measurements = { ...allowing.tenant.policy(world.clock.nowMs()).measurements, redaction: [] };
    const refusing = await world.open(await world.newTenant({ measurements }));
    const requests = [allowing, refusing].map(({ name, tenant }): KeyRequest => ({
      ...name,
      purpose: "map",
      bucketEndMs: bucketOf(world, tenant, "map"),
    }));
    const leased = await world.keyring("redaction").lease(requests);
    const codes = requests.map((request) => given(() => leased.sealingKey(request)));
    expect(codes).toEqual(["given", "MEASUREMENT_NOT_ALLOWED"]);
    expect(given(() => leased.conversation(refusing.name))).toBe("MEASUREMENT_NOT_ALLOWED");
    expect(given(() => leased.certificateFor(refusing.tenant.tenantId))).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("follows the tenant's newest policy at once", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const keyring = world.keyring("redaction");
    await keyring.lease([request]);
    const policy = tenant.policy(world.clock.nowMs());
    const measurements = { ...policy.measurements, redaction: [] };
    await world.authority.applyPolicy(tenant.signed({ ...policy, version: 2, measurements }));
    world.clock.advance(50_000);
    const leased = await keyring.lease([request]);
    expect(given(() => leased.sealingKey(request))).toBe("MEASUREMENT_NOT_ALLOWED");
  });

  it("ends for a program whose window in the policy ends, in a session that goes on", async () => {
    const startMs = world.clock.nowMs();
    const { measurements } = new TestTenant().policy(startMs);
    const redaction = measurements.redaction.map((allowed) => ({ ...allowed, notAfterMs: startMs + 90_000 }));
    const tenant = await world.newTenant({ measurements: { ...measurements, redaction } });
    const { name } = await world.open(tenant);
    const keyring = world.keyring("redaction");
    const certified = async () => {
      const leased = await keyring.lease([], [name]);
      return given(() => leased.certificateFor(tenant.tenantId));
    };
    const before = await certified();
    world.clock.advance(91_000);
    expect([before, await certified()]).toEqual(["given", "MEASUREMENT_NOT_ALLOWED"]);
  });

  it("gives recipients that the statement's policy and the newest both name", async () => {
    const kemPublicKeys = [0, 1, 2].map(() => nodeBackend.kemSecret(randomBytes(32)).publicKey);
    const [kept, gone, come] = kemPublicKeys.map((kemPublicKey, index) => ({
      name: `tool-${String(index)}`,
      kemPublicKey,
      map: true,
    }));
    if (!kept || !gone || !come) throw new Error("three keys were made");
    const tenant = await world.newTenant({ recipients: [kept, gone] });
    const { name } = await world.open(tenant);
    const recipients = [{ ...kept, map: false }, come];
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2, recipients })));
    const record = (await world.keyring("redaction").lease([], [name])).conversation(name);
    expect(record.recipients.map((one) => [one.name, one.mayHaveMap])).toEqual([["tool-0", false]]);
  });

  it("is given for the bucket of a client whose clock is five minutes ahead", async () => {
    world.clock.advance(DAY_MS - 60_000 - (world.clock.nowMs() % DAY_MS));
    const { name, tenant } = await world.open(await world.newTenant());
    const standing = bucketOf(world, tenant, "flow");
    const session = await AttestedSession.begin(world, "redaction");
    const flow = (bucketEndMs: number): KeyRequest => ({ ...name, purpose: "flow", bucketEndMs });
    const codes = await session.codes([flow(standing), flow(standing + DAY_MS)]);
    // To noon: near midnight, tests after this one would be given the next day's buckets, too.
    world.clock.advance(DAY_MS / 2);
    expect(codes).toEqual(["given", "given"]);
  });

  it("brings the policy of an older statement, and no policy that is the newest", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const session = await AttestedSession.begin(world, "redaction");
    const pinnedBytes = async (sequence: bigint) =>
      (await session.release([request], sequence)).conversations.map(({ pinnedPolicy }) => pinnedPolicy.length > 0);
    const before = await pinnedBytes(1n);
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    expect([before, await pinnedBytes(2n)]).toEqual([[false], [true]]);
  });

  it("says of a tenant, too, why it is refused", async () => {
    const { name, tenant } = await world.open(await world.newTenant({ expiresAtMs: world.clock.nowMs() + 60_000 }));
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    world.clock.advance(60_000);
    const { tenants } = await (await AttestedSession.begin(world, "redaction")).release([request]);
    expect(tenants.map(({ refusal }) => refusal)).toEqual(["POLICY_EXPIRED"]);
  });

  it("is refused for an erased conversation, its record with its keys", async () => {
    const { name, tenant } = await world.open(await world.newTenant());
    await world.lifecycle.eraseConversation(name);
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const leased = await world.keyring("redaction").lease([request]);
    const codes = [given(() => leased.conversation(name)), given(() => leased.sealingKey(request))];
    expect(codes).toEqual(["KEY_DESTROYED", "KEY_DESTROYED"]);
  });

  describe("leaves in the audit", () => {
    /** The lines of audit that `ask` leaves. */
    async function auditOf(ask: (audited: World) => Promise<void>) {
      const { log, lines } = capturedLog("keys");
      const audited = await World.start({ log });
      try {
        await ask(audited);
        const written = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
        return written.filter(({ msg }) => msg === "audit");
      } finally {
        await audited.close();
      }
    }
    const refused = (code: string, { tenantId, conversationId }: ConversationName): unknown => {
      const ids = { tenantId: idToHex(tenantId), conversationId: idToHex(conversationId) };
      return expect.objectContaining({ at: "ReleaseKeys", code, group: "redaction", ...ids });
    };

    it("one line for a conversation that is refused, with keys or without", async () => {
      const expected: unknown[] = [];
      const written = await auditOf(async (audited) => {
        const { name, tenant } = await audited.open(await audited.newTenant());
        await audited.lifecycle.eraseConversation(name);
        const asked = (["map", "flow"] as const).map((purpose): KeyRequest => ({
          ...name,
          purpose,
          bucketEndMs: bucketOf(audited, tenant, purpose),
        }));
        await audited.keyring("redaction").lease(asked);
        await audited.keyring("redaction").lease([], [name]);
        expected.push(refused("KEY_DESTROYED", name), refused("KEY_DESTROYED", name));
      });
      expect(written).toEqual(expected);
    });

    it("one line for each code that keys of a live conversation are refused with, and none for those given", async () => {
      const expected: unknown[] = [];
      const written = await auditOf(async (audited) => {
        const { name, tenant } = await audited.open(await audited.newTenant());
        const endOf = (purpose: KeyRequest["purpose"]) => bucketOf(audited, tenant, purpose);
        const asked: KeyRequest[] = [
          { ...name, purpose: "map", bucketEndMs: endOf("map") },
          { ...name, purpose: "flow", bucketEndMs: endOf("flow") - 1 },
          { ...name, purpose: "flow", bucketEndMs: endOf("flow") + DAY_MS },
          { ...name, purpose: "inbound", bucketEndMs: endOf("flow") - DAY_MS },
        ];
        const leased = await audited.keyring("redaction").lease(asked);
        const codes = asked.map((request) =>
          given(() => (request.purpose === "flow" ? leased.sealingKey(request) : leased.openingKey(request))),
        );
        expect(codes).toEqual(["given", "POLICY_STALE", "POLICY_STALE", "BUCKET_INVALID"]);
        expected.push(refused("POLICY_STALE", name), refused("BUCKET_INVALID", name));
      });
      expect(written).toEqual(expected);
    });
  });

  it("is refused under an expired policy", async () => {
    const nowMs = world.clock.nowMs();
    const { name, tenant } = await world.open(await world.newTenant({ expiresAtMs: nowMs + 60_000 }));
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    world.clock.advance(60_000);
    const leased = await world.keyring("redaction").lease([request]);
    expect(given(() => leased.sealingKey(request))).toBe("POLICY_EXPIRED");
  });

  it.each<[string, KeyRequest["purpose"], (flowEndMs: number) => number, string]>([
    ["a bucket of another width", "flow", (flowEndMs) => flowEndMs - 1, "POLICY_STALE"],
    ["a bucket later than the policy's period", "flow", (flowEndMs) => flowEndMs + DAY_MS, "POLICY_STALE"],
    ["a bucket later than any period", "flow", (flowEndMs) => flowEndMs + 1_000 * DAY_MS, "BUCKET_INVALID"],
    ["a bucket before the conversation was opened", "inbound", (flowEndMs) => flowEndMs - DAY_MS, "BUCKET_INVALID"],
    ["a bucket that ends now", "map", () => world.clock.nowMs(), "KEY_EXPIRED"],
  ])("is refused for %s", async (_which, purpose, bucketEnd, code) => {
    const { name, tenant } = await world.open(await world.newTenant());
    const request: KeyRequest = { ...name, purpose, bucketEndMs: bucketEnd(bucketOf(world, tenant, "flow")) };
    const leased = await world.keyring("redaction").lease([request]);
    const key = () => (purpose === "flow" ? leased.sealingKey(request) : leased.openingKey(request));
    expect(given(key)).toBe(code);
  });
});
