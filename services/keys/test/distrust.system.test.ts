import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { ReleasedKeys } from "@cloister/contracts/keys/release";
import type { KeyRequest } from "@cloister/keyring";
import { AttestedSession, bucketOf, following } from "./attested-session.ts";
import { dishonestKeys, type Dishonesty } from "./dishonest-keys.ts";
import { given, refusal, World } from "./world.ts";

// A database is started and migrated first, on machines that may be busy.
jest.setTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

async function mapKeyOfNewConversation() {
  const opened = await world.open(await world.newTenant());
  const request: KeyRequest = { ...opened.name, purpose: "map", bucketEndMs: bucketOf(world, opened.tenant, "map") };
  return { ...opened, request };
}

/** What an instance gets of a `keys` that does so: its key, its conversation's record, its certificate. */
async function taken(request: KeyRequest, dishonesty: Dishonesty): Promise<string[]> {
  const leased = await world.keyring("redaction", { transport: dishonestKeys(world, dishonesty) }).lease([request]);
  return [
    given(() => leased.sealingKey(request)),
    given(() => leased.conversation(request)),
    given(() => leased.certificateFor(request.tenantId)),
  ];
}

describe("of another keys that its tenant allows, an instance", () => {
  it("takes what is genuine", async () => {
    const { request } = await mapKeyOfNewConversation();
    expect(await taken(request, {})).toEqual(["given", "given", "given"]);
  });

  it.each<[string, (released: ReleasedKeys) => void, string[]]>([
    [
      "a tenant without its chain",
      ({ tenants: [tenant] }) => tenant && delete tenant.chain,
      ["CHAIN_INVALID", "CHAIN_INVALID", "CHAIN_INVALID"],
    ],
    ["no tenant", (released) => void (released.tenants = []), ["KEYS_NOT_TRUSTED", "KEYS_NOT_TRUSTED", "LEASE_ENDED"]],
    ["no conversation", (released) => void (released.conversations = []), ["KEYS_NOT_TRUSTED", "LEASE_ENDED", "given"]],
    ["no key", (released) => void (released.keys = []), ["LEASE_ENDED", "given", "given"]],
    [
      "a statement that nobody signed",
      ({ conversations: [record] }) => record && void (record.statement = randomBytes(200)),
      ["STATEMENT_INVALID", "STATEMENT_INVALID", "given"],
    ],
    [
      "a refusal that it doesn't know",
      ({ tenants: [tenant] }) => tenant && void (tenant.refusal = "OF_ANOTHER_VERSION"),
      ["CHAIN_INVALID", "CHAIN_INVALID", "CHAIN_INVALID"],
    ],
    [
      "a refusal of the conversation",
      ({ conversations: [record] }) => record && void (record.refusal = "KEY_DESTROYED"),
      ["KEY_DESTROYED", "KEY_DESTROYED", "given"],
    ],
    [
      "a refusal of the key",
      ({ keys: [key] }) => key && void (key.result = { case: "refusal", value: "KEY_CORRUPT" }),
      ["KEY_CORRUPT", "given", "given"],
    ],
    [
      "no answer for the key",
      ({ keys: [key] }) => key && void (key.result = { case: undefined }),
      ["CHAIN_INVALID", "given", "given"],
    ],
  ])("takes what it should of %s", async (_what, released, codes) => {
    const { request } = await mapKeyOfNewConversation();
    expect(await taken(request, { released })).toEqual(codes);
  });

  it("takes no statement under another policy than the one that was signed with it", async () => {
    const { request, tenant } = await mapKeyOfNewConversation();
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    const replaced = ({ conversations: [record], tenants: [owner] }: ReleasedKeys): void => {
      if (record) record.pinnedPolicy = owner?.chain?.policy ?? new Uint8Array();
    };
    expect(await taken(request, {})).toEqual(["given", "given", "given"]);
    expect(await taken(request, { released: replaced })).toEqual(["STATEMENT_INVALID", "STATEMENT_INVALID", "given"]);
  });

  it("takes no statement of another conversation, though the same tenant's", async () => {
    const { request, tenant } = await mapKeyOfNewConversation();
    const { statement } = await world.open(tenant);
    const released = ({ conversations: [record] }: ReleasedKeys) => record && void (record.statement = statement);
    expect(await taken(request, { released })).toEqual(["STATEMENT_INVALID", "STATEMENT_INVALID", "given"]);
  });

  it("takes nothing under a policy that expired on the way", async () => {
    const tenant = await world.newTenant({ expiresAtMs: world.clock.nowMs() + 30_000 });
    const { name } = await world.open(tenant);
    const request: KeyRequest = { ...name, purpose: "map", bucketEndMs: bucketOf(world, tenant, "map") };
    const codes = ["POLICY_EXPIRED", "POLICY_EXPIRED", "POLICY_EXPIRED"];
    expect(await taken(request, { released: () => world.clock.advance(30_000) })).toEqual(codes);
  });

  it.each<[string, (released: ReleasedKeys) => void]>([
    ["is too short", ({ keys: [key] }) => key && void (key.result = { case: "key", value: randomBytes(31) })],
    ["is for no purpose", ({ keys: [key] }) => key?.request && void (key.request.purpose = 0)],
  ])("takes nothing at all with a key that %s", async (_how, released) => {
    const { request } = await mapKeyOfNewConversation();
    expect(await refusal(taken(request, { released }))).toBe("KEYS_NOT_TRUSTED");
  });

  it("takes nothing at all of an answer that is signed and doesn't open", async () => {
    const { request } = await mapKeyOfNewConversation();
    const sealed = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 2_000 ? byte ^ 1 : byte));
    const lease = world.keyring("redaction", { transport: dishonestKeys(world, { sealed }) }).lease([request]);
    const cause: unknown = expect.objectContaining({ name: "EnvelopeError" });
    await expect(lease).rejects.toMatchObject({ code: "KEYS_NOT_TRUSTED", cause });
  });

  it("takes nothing at all of a key without a name, or without evidence", async () => {
    const { request } = await mapKeyOfNewConversation();
    const codes = [
      await refusal(taken(request, { released: ({ keys: [key] }) => key && delete key.request })),
      await refusal(taken(request, { begun: (answer) => delete answer.keysEvidence })),
    ];
    expect(codes).toEqual(["KEYS_NOT_TRUSTED", "KEYS_NOT_TRUSTED"]);
  });

  it("takes nothing at all of an answer that opens and can't be read", async () => {
    const { request } = await mapKeyOfNewConversation();
    // A field that ends before its length; bytes that name no field.
    const plaintexts = [Uint8Array.of(0x0a, 0x7f, 0x01), new Uint8Array(8).fill(0xff)];
    const codes = plaintexts.map((plaintext) => refusal(taken(request, { plaintext })));
    expect(await Promise.all(codes)).toEqual(["KEYS_NOT_TRUSTED", "KEYS_NOT_TRUSTED"]);
  });

  it("doesn't go back behind a policy that it has seen", async () => {
    const { request, tenant } = await mapKeyOfNewConversation();
    const seen: ReleasedKeys["tenants"][] = [];
    const released = (answer: ReleasedKeys): void => {
      seen.push(answer.tenants);
      // The third answer tells of the tenant what the first told.
      answer.tenants = seen.length === 3 ? (seen[0] ?? []) : answer.tenants;
    };
    const keyring = world.keyring("redaction", { transport: dishonestKeys(world, { released }) });
    const code = async () => {
      world.clock.advance(60_000);
      const leased = await keyring.lease([request]);
      return given(() => leased.certificateFor(request.tenantId));
    };
    const codes = [await code()];
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    codes.push(await code(), await code());
    expect(codes).toEqual(["given", "given", "CHAIN_INVALID"]);
  });

  it("doesn't go back to a root that it has seen step down", async () => {
    const { request, tenant } = await mapKeyOfNewConversation();
    const stolen = tenant.signed(tenant.policy(world.clock.nowMs(), { version: 9 }));
    let isShown = false;
    const released = ({ tenants: [record] }: ReleasedKeys): void => {
      if (isShown) Object.assign(record?.chain ?? {}, { policy: stolen.policy, rootRotations: [] });
    };
    const keyring = world.keyring("redaction", { transport: dishonestKeys(world, { released }) });
    const code = async () => {
      world.clock.advance(60_000);
      const leased = await keyring.lease([request]);
      return given(() => leased.certificateFor(request.tenantId));
    };
    tenant.rotateRoot(world.clock.nowMs());
    await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
    const before = await code();
    isShown = true;
    expect([before, await code()]).toEqual(["given", "CHAIN_INVALID"]);
  });

  describe("a tenant whose trust is still held", () => {
    /** A keyring that leases a new conversation of the tenant each time, and says what it thinks of the tenant. */
    async function heldTenant() {
      const { tenant, request } = await mapKeyOfNewConversation();
      const target = { transport: dishonestKeys(world, {}) };
      const keyring = world.keyring("redaction", { transport: following(target) });
      const verdict = async () => {
        const { conversationId } = await world.open(tenant);
        const leased = await keyring.lease([{ ...request, conversationId }]);
        return given(() => leased.certificateFor(request.tenantId));
      };
      return { tenant, target, verdict };
    }

    /** Answers with the tenant as it is until `shown` is set, and with that from then on. */
    function showing() {
      const seen: ReleasedKeys["tenants"] = [];
      const shown: { tenants?: ReleasedKeys["tenants"] } = {};
      const released = (answer: ReleasedKeys): void => {
        seen.push(...answer.tenants);
        answer.tenants = shown.tenants ?? answer.tenants;
      };
      return { seen, shown, released };
    }

    it("is verified anew when an older policy is shown", async () => {
      const { tenant, target, verdict } = await heldTenant();
      const { seen, shown, released } = showing();
      target.transport = dishonestKeys(world, { released });
      const codes = [await verdict()];
      await world.authority.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs(), { version: 2 })));
      codes.push(await verdict());
      shown.tenants = seen.slice(0, 1);
      codes.push(await verdict());
      expect(codes).toEqual(["given", "given", "CHAIN_INVALID"]);
    });

    it("is verified anew when another tenant's issuer is shown", async () => {
      const { request } = await mapKeyOfNewConversation();
      const foreign = await (await AttestedSession.begin(world, "redaction")).release([request]);
      const { target, verdict } = await heldTenant();
      const { seen, shown, released } = showing();
      target.transport = dishonestKeys(world, { released });
      const codes = [await verdict()];
      const issuerNote = foreign.tenants[0]?.chain?.issuerNote ?? new Uint8Array();
      shown.tenants = seen.map((record) => ({
        ...record,
        ...(record.chain && { chain: { ...record.chain, issuerNote } }),
      }));
      codes.push(await verdict());
      expect(codes).toEqual(["given", "CHAIN_INVALID"]);
    });

    it("is verified anew in another session, whose keys the tenant may not allow", async () => {
      const { target, verdict } = await heldTenant();
      const { seen, shown, released } = showing();
      target.transport = dishonestKeys(world, { released });
      const codes = [await verdict()];
      // The session ends in the middle of the next lease.
      world.clock.advance(560_000);
      codes.push(await verdict());
      shown.tenants = seen.slice(1);
      world.clock.advance(11_000);
      target.transport = dishonestKeys(world, { released, measurement: new Uint8Array(48).fill(99) });
      codes.push(await verdict());
      expect(codes).toEqual(["given", "given", "CHAIN_INVALID"]);
    });
  });
});
