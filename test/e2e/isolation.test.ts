import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient, type Client, type Conversation } from "@cloister/client";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import { EmbeddedWorld, readReplies } from "./embedded-world.ts";
import { TestTenant } from "./tenant.ts";
import { TroubledKms, type Trouble } from "./troubled-kms.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

const CHATS = 3;
const ROUNDS = 2;

describe("a tenant whose key service is in trouble", () => {
  let world: EmbeddedWorld;
  let kms: TroubledKms;
  let others: Conversation[];

  beforeAll(async () => {
    world = await EmbeddedWorld.start({ wrapKms: (wrapper) => (kms = new TroubledKms(wrapper)) });
    others = await Promise.all(Array.from({ length: CHATS }, () => world.openChat()));
  });
  afterAll(async () => {
    kms.end();
    await world.close();
  });

  async function neighbour(): Promise<{ tenant: TestTenant; chats: Conversation[] }> {
    const tenant = new TestTenant(world.cloister.instances);
    const client = clientOf(tenant);
    await client.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs())));
    const open = (): Promise<Conversation> =>
      client.openConversation({ admission: (keys) => tenant.admission(keys, world.clock.nowMs()) });
    return { tenant, chats: await Promise.all(Array.from({ length: CHATS }, open)) };
  }

  function clientOf({ tenantId }: TestTenant): Client {
    const { ingest } = world.cloister;
    return createClient({
      baseUrl: ingest.address ?? "",
      accessToken: ingest.accessToken.reveal(),
      tenantId,
      evidenceVerifiers: [simulatedVerifier],
      allowDevelopment: true,
      backend: nodeBackend,
      clock: world.clock,
    });
  }

  /** Milliseconds from question to answer, in every chat at once, some rounds. */
  async function latencies(chats: readonly Conversation[]): Promise<number[]> {
    const all: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const taken = await Promise.all(
        chats.map(async (chat) => {
          const startedAt = performance.now();
          await chat.ask(`Is anybody there, round ${round}?`, { timeoutMs: 60_000 });
          return performance.now() - startedAt;
        }),
      );
      all.push(...taken);
    }
    return all;
  }

  async function parkedFor({ tenantId }: TestTenant): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from redaction.parked where tenant_id = ${tenantId}`.execute(
      world.cloister.mainDatabase.kysely,
    );
    return rows[0]?.count ?? 0;
  }

  it.each<Trouble>(["hangs", "fails"])(
    "that %s keeps nobody else waiting, and gets all its answers in order afterwards",
    async (kind) => {
      const { tenant, chats } = await neighbour();
      // So that evidence, and what is signed about it, is made anew now and not during the trouble.
      world.clock.advance(11 * 60_000);
      await latencies(chats);
      const before = await latencies(others);

      kms.begin(tenant.tenantId, kind);
      // What was unwrapped and leased before ends; from now on the KMS is asked.
      world.clock.advance(5 * 60_000 + 1);
      const sent = new Map<Conversation, string[]>();
      for (const chat of chats) {
        const { messageId } = await chat.send("Is anybody there, before it ends?");
        sent.set(chat, [idToHex(messageId)]);
      }
      const during = await latencies(others);
      for (const chat of chats) {
        const { messageId } = await chat.send("And now?");
        sent.get(chat)?.push(idToHex(messageId));
      }
      // They were answered while the stuck tenant was stuck: nothing of it has been answered, all of it is kept.
      await eventually(async () => expect(await parkedFor(tenant)).toBe(2 * CHATS));
      process.stdout.write(
        `others' latency when a neighbour ${kind}: ${quartiles(before)} before, ${quartiles(during)} ms\n`,
      );

      kms.end();
      await eventually(
        async () => {
          world.clock.advance(30_000);
          expect(await parkedFor(tenant)).toBe(0);
        },
        { timeoutMs: 60_000, everyMs: 500 },
      );
      for (const [chat, ids] of sent) {
        // From where the last answer was read.
        const replies = await readReplies(chat, ids.length);
        expect(replies.map(({ causeId }) => idToHex(causeId))).toEqual(ids);
      }
      expect(await world.deadLetters()).toEqual([]);
    },
  );
});

function quartiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => String(Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0));
  return `${at(0.25)}/${at(0.5)}/${at(0.75)}/${at(1)}`;
}
