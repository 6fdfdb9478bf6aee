import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient, type Client, type Conversation } from "@cloister/client";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { idToHex } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { eventually } from "@cloister/testing";
import { sql } from "kysely";
import { EmbeddedWorld, type MailboxEntry } from "./embedded-world.ts";
import { TestTenant } from "./tenant.ts";
import { TroubledKms } from "./troubled-kms.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(120_000);

const MAX_PARKED = 3;
/** The KMS is asked again when this has passed. */
const LEASE_MS = 5 * 60_000 + 1;

describe("messages that have to wait for their tenant's key management", () => {
  let world: EmbeddedWorld;
  let kms: TroubledKms;
  /** Called while the model answers. */
  let atModel: () => void = () => undefined;

  beforeAll(async () => {
    world = await EmbeddedWorld.start({
      wrapKms: (wrapper) => (kms = new TroubledKms(wrapper)),
      parking: { maxRecords: MAX_PARKED },
      wrapRuntime: (runtime) => ({
        answer: (request, signal) => {
          atModel();
          return runtime.answer(request, signal);
        },
      }),
    });
  });
  afterAll(async () => {
    kms.end();
    await world.close();
  });

  /** Another tenant, whose evidence and all that is signed about it is of now. */
  async function neighbour() {
    world.clock.advance(11 * 60_000);
    const tenant = new TestTenant(world.cloister.instances);
    const client = clientOf(tenant);
    await client.applyPolicy(tenant.signed(tenant.policy(world.clock.nowMs())));
    const chat = await client.openConversation({ admission: (keys) => tenant.admission(keys, world.clock.nowMs()) });
    await chat.ask("Is anybody there?", { timeoutMs: 60_000 });
    return { tenant, chat };
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
      retry: { attempts: 1, firstPauseMs: 1, longestPauseMs: 1 },
    });
  }

  const statusesOf = async (chat: Conversation, causeIdHex: string): Promise<MailboxEntry[]> =>
    (await world.mailbox(chat)).filter((entry) => entry.kind === "status" && entry.causeIdHex === causeIdHex);
  const repliesOf = async (chat: Conversation): Promise<string[]> =>
    (await world.mailbox(chat)).flatMap(({ kind, causeIdHex }) => (kind === "reply" ? [causeIdHex] : []));

  async function parked(schema: string, { tenantId }: TestTenant): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from ${sql.id(schema, "parked")} where tenant_id = ${tenantId}`.execute(
      world.cloister.mainDatabase.kysely,
    );
    return rows[0]?.count ?? 0;
  }

  /** Lets the KMS answer and time pass until nothing of the tenant is parked. */
  async function recover(tenant: TestTenant): Promise<void> {
    kms.end();
    await eventually(
      async () => {
        world.clock.advance(30_000);
        expect([await parked("redaction", tenant), await parked("enclave_inference", tenant)]).toEqual([0, 0]);
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );
    await world.idle();
  }

  it("have their reader told by redaction that they wait, once, and are answered when it is back", async () => {
    const { tenant, chat } = await neighbour();
    kms.begin(tenant.tenantId, "fails");
    world.clock.advance(LEASE_MS);
    const { messageId } = await chat.send("Do I have to wait?");
    const waiting = { kind: "status", code: "KMS_UNAVAILABLE", isWaiting: true };
    await eventually(async () => expect(await statusesOf(chat, idToHex(messageId))).toMatchObject([waiting]));
    for await (const event of chat.replies({ signal: AbortSignal.timeout(30_000) })) {
      expect(event).toMatchObject({ kind: "waiting", code: "KMS_UNAVAILABLE", causeId: messageId });
      break;
    }
    await recover(tenant);
    expect(await repliesOf(chat)).toContain(idToHex(messageId));
    expect(await statusesOf(chat, idToHex(messageId))).toHaveLength(1);
  });

  it("have their reader told by inference when the key management goes away in the middle", async () => {
    const { tenant, chat } = await neighbour();
    atModel = () => {
      kms.begin(tenant.tenantId, "fails");
      world.clock.advance(LEASE_MS);
    };
    const { messageId } = await chat.send("Will you be there at the end?");
    await eventually(async () => expect(await parked("enclave_inference", tenant)).toBe(1));
    atModel = () => undefined;
    await eventually(async () =>
      expect(await statusesOf(chat, idToHex(messageId))).toMatchObject([{ code: "KMS_UNAVAILABLE", isWaiting: true }]),
    );
    await recover(tenant);
    expect((await repliesOf(chat)).filter((id) => id === idToHex(messageId))).toHaveLength(1);
  });

  it("are refused at ingest beyond the cap, until there is room; none that was accepted is lost, and others go on", async () => {
    const { tenant, chat } = await neighbour();
    kms.begin(tenant.tenantId, "fails");
    world.clock.advance(LEASE_MS);
    const accepted: string[] = [];
    let refusal: unknown;
    await eventually(
      async () => {
        try {
          accepted.push(idToHex((await chat.send(`Number ${accepted.length}`)).messageId));
        } catch (error) {
          refusal = error;
        }
        world.clock.advance(1_000);
        expect(refusal).toBeDefined();
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    expect(refusal).toMatchObject({ problem: "PARKING_FULL", retryable: true });
    expect(accepted.length).toBeGreaterThanOrEqual(MAX_PARKED);
    expect((await (await world.openChat()).ask("And I?", { timeoutMs: 60_000 })).model).toBe("extractive");

    await recover(tenant);
    expect((await repliesOf(chat)).slice(1)).toEqual(accepted);
    await eventually(
      async () => {
        world.clock.advance(1_000);
        await chat.send("Taken again?");
      },
      { everyMs: 300 },
    );
    expect(await world.deadLetters()).toEqual([]);
  });
});
