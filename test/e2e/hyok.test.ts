import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import { createClient as toService } from "@connectrpc/connect";
import { AuthorityService } from "@cloister/contracts/keys/authority";
import type { AttestedInstances } from "@cloister/embedded";
import { idToHex } from "@cloister/envelope";
import { keysTransport } from "@cloister/keyring";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import type { Cut } from "./cuttable-wire.ts";
import { EmbeddedWorld, readReplies } from "./embedded-world.ts";
import { HardwareMachines } from "./hardware-machines.ts";
import { OwnKeys } from "./own-keys.ts";
import { TestTenant } from "./tenant.ts";

// Every service is started first, a key service of a tenant's own besides, on machines that may be busy.
jest.setTimeout(180_000);

const LEASE_MS = 60_000;
/** Longer than the longest pause after which a key service that was away is asked again. */
const PAUSE_MS = 30_000;

// Machines of AWS Nitro that were made for the test, TLS to both key services, and no policy for development.
describe("a tenant that runs the key service itself", () => {
  let world: EmbeddedWorld;
  let own: OwnKeys;
  let tenant: TestTenant;
  let other: Conversation;

  beforeAll(async () => {
    world = await EmbeddedWorld.start({
      before: async ({ path }, clock) => {
        const machines = await HardwareMachines.make(path, clock);
        const hardware = {
          keys: await machines.inNitro("keys"),
          redaction: await machines.inNitro("redaction"),
          "enclave-inference": await machines.inNitro("enclave-inference"),
          embedding: await machines.inNitro("embedding"),
        };
        tenant = new TestTenant({ machines: hardware, simulatedRoot: new Uint8Array(33) });
        own = await OwnKeys.start(tenant.tenantId, clock, (configuration) => machines.inNitro("keys", configuration));
        return { tenantKeys: own.route, hardware, verifiers: machines.verifiers, policy: onHardware("byok") };
      },
    });
    await world.clientOf(tenant).applyPolicy(tenant.signed(policyOf(world.cloister.instances)));
    other = await world.openChat();
  });
  afterAll(async () => {
    await world.close();
    await own.close();
  });

  const onHardware = (custody: "byok" | "hyok") => ({
    development: false,
    simulatedRoots: [],
    hardware: { "aws-nitro": {} },
    kms: { custody, provider: "vault" as const, keyRef: "transit/keys/tenant-kek" },
  });

  /** The tenant allows its own key service, which no other has the configuration of, and the operator's other services. */
  function policyOf({ machines }: AttestedInstances) {
    const allowed = ({ measurement, configurationDigest }: (typeof machines)["keys"]) => [
      { measurement, configurationDigest },
    ];
    return tenant.policy(world.clock.nowMs(), {
      ...onHardware("hyok"),
      measurements: {
        keys: allowed(own.machine),
        redaction: allowed(machines.redaction),
        "enclave-inference": allowed(machines["enclave-inference"]),
        embedding: allowed(machines.embedding),
      },
    });
  }

  const openChat = (): Promise<Conversation> => world.openChatOf(tenant);

  async function parked(schema: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from ${sql.id(schema, "parked")}
      where tenant_id = ${tenant.tenantId}`.execute(world.cloister.mainDatabase.kysely);
    return rows[0]?.count ?? 0;
  }

  const repliesOf = async (chat: Conversation): Promise<number> =>
    (await world.mailbox(chat)).filter(({ kind }) => kind === "reply").length;

  it("is reached over TLS alone", () => {
    const urls = [world.cloister.keys.connectUrl, own.route.get(idToHex(tenant.tenantId))?.url];
    expect(urls.map((url) => url?.slice(0, 8))).toEqual(["https://", "https://"]);
  });

  it("is answered like any other, and nothing of its KEK or its keys is at the operator's", async () => {
    const chat = await openChat();
    expect((await chat.ask("Is anybody there?", { timeoutMs: 60_000 })).model).toBe("extractive");
    const { keysDatabase } = world.cloister;
    for (const table of ["tenant", "policy", "conversation", "conversation_secret", "bucket_key"]) {
      const { rows } = await sql`
        select 1 from ${sql.id("keys", table)} where tenant_id = ${tenant.tenantId}`.execute(keysDatabase.kysely);
      expect([table, rows.length]).toEqual([table, 0]);
    }
    expect(await readFile(world.folder.keyringFile, "utf8")).not.toContain(idToHex(tenant.tenantId));
    expect(await own.keyring()).toContain(idToHex(tenant.tenantId));
  });

  it.each<Cut>(["refuses", "hangs"])(
    "and cuts it off (%s) ends all reading within a lease, and nobody else's; back, what waited is answered in order",
    async (kind) => {
      const [first, second] = [await openChat(), await openChat()];
      await first.ask("Before it ends?", { timeoutMs: 60_000 });
      // Ingest has seen the policy lately, so that it accepts what then has to wait.
      world.clock.advance(LEASE_MS - 10_000);
      await second.ask("And before it ends?", { timeoutMs: 60_000 });
      await other.ask("And I?", { timeoutMs: 60_000 });
      const before = await latencyOf(other);

      own.wire.cut(kind);
      world.clock.advance(10_001);
      const sent: string[] = [];
      for (const text of ["Are you there?", "And now?"]) sent.push(idToHex((await first.send(text)).messageId));
      await eventually(async () => expect(await parked("redaction")).toBe(2));
      const during = await latencyOf(other);
      // From here on, no lease of before is left of anything of the tenant's.
      world.clock.advance(LEASE_MS - 10_000);
      const refused = { problem: "AUTHORITY_UNAVAILABLE" };
      await Promise.all([
        expect(second.send("Who reads this?")).rejects.toMatchObject(refused),
        expect(openChat()).rejects.toMatchObject(refused),
      ]);
      expect([await repliesOf(first), await repliesOf(second), await parked("redaction")]).toEqual([1, 1, 2]);
      process.stdout.write(`others' latency when a tenant's own keys ${kind}: ${before} before, ${during} ms\n`);

      own.wire.mend();
      await eventually(
        async () => {
          world.clock.advance(PAUSE_MS);
          expect(await parked("redaction")).toBe(0);
        },
        { timeoutMs: 60_000, everyMs: 500 },
      );
      const replies = await readReplies(first, sent.length);
      expect(replies.map(({ causeId }) => idToHex(causeId))).toEqual(sent);
      expect((await second.ask("Back?", { timeoutMs: 60_000 })).model).toBe("extractive");
      expect(await world.deadLetters()).toEqual([]);
    },
  );

  it("and serves nobody else: not even by another tenant's own policy", async () => {
    const stranger = new TestTenant(world.cloister.instances);
    const route = own.route.get(idToHex(tenant.tenantId));
    if (route === undefined) throw new Error("the tenant has no route");
    const transport = keysTransport({ url: route.url, credential: route.credentials.authority });
    const applied = toService(AuthorityService, transport).applyPolicy(
      stranger.signed(stranger.policy(world.clock.nowMs(), onHardware("hyok"))),
    );
    await expect(applied).rejects.toMatchObject({ rawMessage: "TENANT_UNKNOWN" });
  });

  /** Milliseconds from question to answer. */
  async function latencyOf(chat: Conversation): Promise<number> {
    const startedAt = performance.now();
    await chat.ask("Is anybody there?", { timeoutMs: 60_000 });
    return Math.round(performance.now() - startedAt);
  }
});
