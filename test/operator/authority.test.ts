import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Conversation, SignedPolicy } from "@cloister/client";
import { OpenConversationRequestSchema, type OpenConversationRequest } from "@cloister/contracts/keys/authority";
import { Keyring, keysTransport } from "@cloister/keyring";
import { DAY_MS, openConversationSigningBytes, unverifiedNoteText } from "@cloister/policy";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import { Device } from "../e2e/device.ts";
import { EmbeddedWorld } from "../e2e/embedded-world.ts";
import { newSigner, TestTenant } from "../e2e/tenant.ts";
import { FakeKeys } from "./fake-keys.ts";
import { Operator } from "./operator.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const openDoor = "/v1/conversations";

describe("an operator between the tenant and keys", () => {
  let world: EmbeddedWorld;
  let operator: Operator;
  beforeAll(async () => {
    world = await EmbeddedWorld.start();
    operator = new Operator(world);
  });
  afterAll(() => world.close());
  beforeEach(() => {
    operator.begin();
  });
  afterEach(async () => {
    expect(await operator.finds()).toEqual([]);
  });

  /** The tenant's application behind a network that changes what passes at the door where conversations are opened. */
  const through = (change: {
    request?: (body: Uint8Array) => Uint8Array;
    answer?: (body: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  }): Promise<Conversation> =>
    world
      .client(async (input, init) => {
        if (!new Request(input).url.endsWith(openDoor) || !(init?.body instanceof Uint8Array))
          return fetch(input, init);
        const body = Buffer.from(change.request?.(init.body) ?? init.body);
        const response = await fetch(input, { ...init, body });
        if (!response.ok || change.answer === undefined) return response;
        const changed = Buffer.from(await change.answer(new Uint8Array(await response.arrayBuffer())));
        return new Response(changed, { status: response.status, headers: response.headers });
      })
      .openConversation({ admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()) });
  const requested = (change: (request: OpenConversationRequest) => void) => (body: Uint8Array) => {
    const request = fromBinary(OpenConversationRequestSchema, body);
    change(request);
    return toBinary(OpenConversationRequestSchema, request);
  };

  describe("who opens conversations", () => {
    it("can't put its own key in place of the device's: the device signed its request", async () => {
      const { kem } = new Device();
      const request = requested((fields) => {
        fields.clientKemPublicKey = kem.publicKeyBytes;
      });
      await expect(through({ request })).rejects.toMatchObject({ code: "REFUSED", problem: "SIGNATURE_INVALID" });
      await operator.isAudited("OpenConversation SIGNATURE_INVALID");
    });

    it("can't ask for itself with the device's admission: that is bound to the device's keys", async () => {
      const mine = new Device();
      const request = requested((fields) => {
        Object.assign(fields, mine.publicKeys);
        fields.signature = mine.signer.sign(openConversationSigningBytes(fields));
      });
      await expect(through({ request })).rejects.toMatchObject({ code: "REFUSED", problem: "ADMISSION_INVALID" });
      await operator.isAudited("OpenConversation ADMISSION_INVALID");
    });

    it("can't admit itself to a knowledge base: only issuers that the policy names admit", async () => {
      const { conversationId } = await world.client().importKnowledge({
        admission: (keys) => world.tenant.admission(keys, world.clock.nowMs(), { kind: "kb" }),
        documents: [],
      });
      const self = new TestTenant(world.cloister.instances);
      const open = world.client().openConversation({
        admission: (keys) =>
          self.admission(keys, world.clock.nowMs(), {
            tenantId: world.tenant.tenantId,
            knowledgeBases: [conversationId],
          }),
      });
      await expect(open).rejects.toMatchObject({ code: "REFUSED", problem: "ADMISSION_INVALID" });
      await operator.isAudited("OpenConversation ADMISSION_INVALID");
    });

    it("can't answer with a conversation of its own", async () => {
      let own = new Uint8Array();
      await through({ answer: (body) => (own = Uint8Array.from(body)) });
      const swapped = through({ answer: () => own });
      // The refusing is done on the device: its application is told.
      await expect(swapped).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED" });
    });
  });

  describe("who runs a keys of its own", () => {
    let fake: FakeKeys;
    beforeAll(async () => {
      fake = await FakeKeys.start(world.clock, world.cloister.instances.simulatedRoot);
      await fake.apply(world.tenant.signed(world.tenant.policy(world.clock.nowMs())));
    });
    afterAll(() => fake.close());

    it("can't have a device seal to it", async () => {
      let passed = new Uint8Array();
      const opened = through({
        request: (body) => (passed = Uint8Array.from(body)),
        answer: () => fake.open(passed),
      });
      await expect(opened).rejects.toMatchObject({ code: "AUTHORITY_UNTRUSTED" });
      expect(fake.opened).toBe(1);
    });

    it("can't give its keys to an instance", async () => {
      const victim = await operator.openedBy(new Device());
      const { tenantId } = world.tenant;
      await fake.mirror(
        victim.device.openRequest(world.tenant, world.tenant.admission(victim.device.publicKeys, world.clock.nowMs())),
      );
      const { machines } = world.cloister.instances;
      const keyring = new Keyring({
        role: "redaction",
        transport: fake.transport("release"),
        ...machines.redaction,
        allowDevelopment: true,
        clock: world.clock,
      });
      const request = {
        tenantId,
        conversationId: victim.id,
        purpose: "inbound" as const,
        bucketEndMs: victim.statement.expiresAtMs,
      };
      const leased = await keyring.lease([request]);
      expect(() => leased.openingKey(request)).toThrow(expect.objectContaining({ code: "CHAIN_INVALID" }));
      keyring.close();
    });
  });

  it("can't get keys with another role's evidence", async () => {
    const victim = await operator.openedBy(new Device());
    const { keys, credentials, instances } = world.cloister;
    const keyring = new Keyring({
      role: "embedding",
      transport: keysTransport({ url: keys.connectUrl, credential: credentials.release }),
      ...instances.machines.embedding,
      allowDevelopment: true,
      clock: world.clock,
    });
    const { tenantId } = world.tenant;
    const { expiresAtMs: bucketEndMs } = victim.statement;
    await keyring.lease([{ tenantId, conversationId: victim.id, purpose: "inbound", bucketEndMs }]);
    keyring.close();
    expect(operator.audited()).toContain("ReleaseKeys PURPOSE_NOT_ALLOWED");
  });

  describe("at the door of policies", () => {
    const apply = (signed: SignedPolicy) => world.client().applyPolicy(signed);
    const newer = (choices = {}) => world.tenant.policy(world.clock.nowMs(), { version: 7, ...choices });

    it("can't loosen a policy: the tenant's root has to sign", async () => {
      await expect(apply(world.tenant.signed(newer(), newSigner()))).rejects.toMatchObject({
        problem: "SIGNATURE_INVALID",
      });
      await operator.isAudited("ApplyPolicy SIGNATURE_INVALID");
    });

    it("can't apply one that nobody signed, or that was changed after it was signed", async () => {
      const { genesisRoot, policy } = world.tenant.signed(newer());
      const unsigned = new TextEncoder().encode(`${unverifiedNoteText(policy)}\n`);
      await expect(apply({ genesisRoot, policy: unsigned })).rejects.toMatchObject({ code: "REFUSED" });
      const middle = Math.floor(policy.length / 2);
      const changed = policy.map((byte, index) => (index === middle ? byte ^ 1 : byte));
      await expect(apply({ genesisRoot, policy: changed })).rejects.toMatchObject({ problem: "SIGNATURE_INVALID" });
      await operator.isAudited("ApplyPolicy SIGNATURE_INVALID");
    });

    it("can't bring back an older policy", async () => {
      await apply(world.tenant.signed(newer({ version: 8 })));
      await expect(apply(world.tenant.signed(newer()))).rejects.toMatchObject({ problem: "POLICY_STALE" });
      await operator.isAudited("ApplyPolicy POLICY_STALE");
    });

    it("can't change a policy under its number", async () => {
      await apply(world.tenant.signed(newer({ version: 9 })));
      const other = world.tenant.signed(newer({ version: 9, history: false }));
      await expect(apply(other)).rejects.toMatchObject({ problem: "POLICY_CONFLICT" });
      await operator.isAudited("ApplyPolicy POLICY_CONFLICT");
    });

    it("can't apply one that has expired", async () => {
      const nowMs = world.clock.nowMs();
      const expired = newer({ version: 20, notBeforeMs: nowMs - 2 * DAY_MS, expiresAtMs: nowMs - DAY_MS });
      await expect(apply(world.tenant.signed(expired))).rejects.toMatchObject({ problem: "POLICY_EXPIRED" });
      await operator.isAudited("ApplyPolicy POLICY_EXPIRED");
    });

    it("can't pass off another tenant's root as this one's", async () => {
      const mine = new TestTenant(world.cloister.instances);
      const foreign = mine.signed({ ...mine.policy(world.clock.nowMs()), tenantId: world.tenant.tenantId });
      await expect(apply(foreign)).rejects.toMatchObject({ problem: "FORBIDDEN_TENANT" });
      await expect(operator.authority.applyPolicy(foreign)).rejects.toMatchObject({ rawMessage: "SIGNATURE_INVALID" });
      expect(operator.audited()).toEqual(["http FORBIDDEN_TENANT", "ApplyPolicy SIGNATURE_INVALID"]);
    });

    it("can't apply another tenant's policy as this one's", async () => {
      const other = new TestTenant(world.cloister.instances);
      const { policy } = other.signed(other.policy(world.clock.nowMs()));
      const foreign = { genesisRoot: world.tenant.root.publicKey, policy };
      await expect(apply(foreign)).rejects.toMatchObject({ problem: "SIGNATURE_INVALID" });
      await operator.isAudited("ApplyPolicy SIGNATURE_INVALID");
    });

    it("can't bring back a root that stepped down, though it has its key, nor a chain or a root of its own", async () => {
      const tenant = new TestTenant(world.cloister.instances);
      const policyOf = (version: number) => tenant.policy(world.clock.nowMs(), { version });
      const stale = tenant.signed(policyOf(9));
      await operator.authority.applyPolicy(tenant.signed(policyOf(1)));
      const old = tenant.rotateRoot(world.clock.nowMs());
      await operator.authority.applyPolicy(tenant.signed(policyOf(2)));
      const forked = new TestTenant(world.cloister.instances, old);
      forked.rotateRoot(world.clock.nowMs());
      const own = new TestTenant(world.cloister.instances);
      const attempts = [
        stale,
        tenant.signed(policyOf(9), old),
        forked.signed(forked.policy(world.clock.nowMs(), { version: 9 })),
        { ...own.signed(policyOf(9)), genesisRoot: tenant.genesis.publicKey },
      ];
      const codes: unknown[] = [];
      for (const attempt of attempts) {
        codes.push(await operator.authority.applyPolicy(attempt).catch((error: unknown) => codeIn(error)));
      }
      expect(codes).toEqual(["POLICY_FOREIGN", "SIGNATURE_INVALID", "POLICY_FOREIGN", "SIGNATURE_INVALID"]);
      expect(operator.audited()).toEqual(codes.map((code) => `ApplyPolicy ${String(code)}`));
    });

    it("can't register another root for a tenant in the tables either", async () => {
      const mine = new TestTenant(world.cloister.instances);
      const { kysely } = world.cloister.keysDatabase;
      const set = (root: Uint8Array) =>
        sql`update keys.tenant set genesis_root = ${root} where tenant_id = ${world.tenant.tenantId}`.execute(kysely);
      await set(mine.root.publicKey);
      try {
        await expect(world.openChat()).rejects.toMatchObject({ problem: "POLICY_FOREIGN" });
      } finally {
        await set(world.tenant.root.publicKey);
      }
      await eventually(async () => {
        expect(operator.audited().join()).toContain("POLICY_FOREIGN");
      });
    });
  });
});

/** The code that `keys` refused with. */
const codeIn = (error: unknown): unknown => (error instanceof ConnectError ? error.rawMessage : error);
