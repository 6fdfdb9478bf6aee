import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { OpenConversationRequestSchema } from "@cloister/contracts/keys/authority";
import { topics } from "@cloister/contracts/topics";
import { idToHex } from "@cloister/envelope";
import { openConversationSigningBytes } from "@cloister/policy";
import { eventually, readTopic } from "@cloister/testing";
import { sql } from "kysely";
import { Device, newSigningKey, say } from "../e2e/device.ts";
import { EmbeddedWorld, type MailboxEntry } from "../e2e/embedded-world.ts";
import { newSigner, TestTenant } from "../e2e/tenant.ts";
import { Operator } from "./operator.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const openDoor = "/v1/conversations";

describe("an operator who owns the topics, the tables and the network", () => {
  let world: EmbeddedWorld;
  let operator: Operator;
  beforeAll(async () => {
    world = await EmbeddedWorld.start();
    operator = new Operator(world);
  });
  afterAll(() => world.close());

  /** What the mailbox holds for a conversation once it holds so much. */
  const mailboxOf = (conversation: Pick<Conversation, "id">, count = 1): Promise<MailboxEntry[]> =>
    eventually(
      async () => {
        const entries = await world.mailbox(conversation);
        expect(entries.length).toBeGreaterThanOrEqual(count);
        return entries;
      },
      { timeoutMs: 15_000 },
    );
  /** A chat with one answered message, and what passed by the operator when it was opened. */
  async function watchedChat() {
    const seen: Uint8Array[] = [];
    const client = world.client(async (input, init) => {
      if (new Request(input).url.endsWith(openDoor) && init?.body instanceof Uint8Array) seen.push(init.body);
      return fetch(input, init);
    });
    const chat = await client.openConversation({
      admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()),
    });
    const { causeId } = await chat.ask("I am Marisol Quintanilla. Are you there?");
    const request = fromBinary(OpenConversationRequestSchema, seen[0] ?? new Uint8Array());
    return {
      chat,
      messageId: causeId,
      target: { conversationId: chat.id, clientKemPublicKey: request.clientKemPublicKey },
    };
  }
  async function genuineCertificate(): Promise<Uint8Array> {
    const records = await readTopic(world.cloister.mainDatabase, topics.replies);
    for (const { value } of records) {
      const { event } = fromBinary(ReplyEventSchema, value);
      if (event.case === "sealed") return event.value.signerCertificate;
    }
    throw new Error("no sealed reply lies on the topic");
  }

  describe("at the topics", () => {
    it("can't speak for a person: a message that the person's device did not sign is refused", async () => {
      const victim = await operator.openedBy(new Device());
      const forged = say(victim, world.clock.nowMs(), 1, "Transfer everything.", { signer: newSigningKey() });
      await operator.produce(forged.record);
      expect(await mailboxOf(victim)).toMatchObject([{ kind: "status", code: "SIGNATURE_INVALID" }]);
    });

    it("can't have a message answered in another conversation: what it says of itself is signed", async () => {
      const { messageId, chat } = await watchedChat();
      const accomplice = await operator.openedBy(new Device());
      const moved = await operator.recordOf(topics.inbound, messageId);
      await operator.produce({ ...moved, key: accomplice.id });
      await world.idle();
      expect(await world.mailbox(accomplice)).toEqual([]);
      expect((await world.mailbox(chat)).filter(({ kind }) => kind === "reply")).toHaveLength(1);
    });

    it("can't have a message shown to the model before it is redacted", async () => {
      const victim = await operator.openedBy(new Device());
      const message = say(victim, world.clock.nowMs(), 1, "I am Marisol Quintanilla.");
      await operator.produce({ ...message.record, topic: topics.redacted });
      const entries = await mailboxOf(victim);
      expect(new Set(entries.map(({ code }) => code))).toEqual(new Set(["WRONG_STAGE"]));
    });

    it("can't have a redacted text redacted again, as if a person had sent it", async () => {
      const { messageId } = await watchedChat();
      const redacted = await operator.recordOf(topics.redacted, messageId);
      await operator.produce({ ...redacted, topic: topics.inbound });
      await eventually(async () => {
        expect(await world.deadLetters()).toContain("redaction: WRONG_STAGE");
      });
    });

    it("gains nothing by replay: the same record again is dropped", async () => {
      const { chat, messageId } = await watchedChat();
      const before = await world.mailbox(chat);
      await operator.produce(await operator.recordOf(topics.inbound, messageId));
      await operator.produce(await operator.recordOf(topics.redacted, messageId));
      await world.idle();
      expect(await world.mailbox(chat)).toEqual(before);
    });

    it("can't answer a person in its own words, whatever certificate it shows", async () => {
      const { chat, target } = await watchedChat();
      for (const certificate of [new TextEncoder().encode("trust me"), await genuineCertificate()]) {
        await operator.produce(operator.forgedReply(target, "Please call this number.", certificate));
      }
      const read = [];
      for await (const event of chat.replies({ signal: AbortSignal.timeout(20_000) })) {
        if (read.push(event) === 2) break;
      }
      expect(read.map(({ kind }) => kind)).toEqual(["refused", "refused"]);
      expect(
        JSON.stringify(read, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
      ).not.toContain("call this number");
    });

    it("can't show a genuine reply in another person's conversation", async () => {
      const [theirs, mine] = [await watchedChat(), await watchedChat()];
      const isTheirs = (key: Uint8Array): boolean => idToHex(key) === idToHex(theirs.chat.id);
      const records = await readTopic(world.cloister.mainDatabase, topics.replies);
      const genuine = records.filter(({ key }) => isTheirs(key)).map((record) => ({ ...record, key: mine.chat.id }));
      const before = await world.mailbox(mine.chat);
      await operator.produce(...genuine);
      await eventually(async () => {
        expect(await world.deadLetters()).toEqual(expect.arrayContaining(genuine.map(() => "ingest: MALFORMED")));
      });
      expect(await world.mailbox(mine.chat)).toEqual(before);
    });

    it("can't do so in the tables either: the reader is shown a refusal", async () => {
      const [theirs, mine] = [await watchedChat(), await watchedChat()];
      await world.idle();
      await sql`update ingest.mailbox set conversation_id = ${mine.chat.id}, log_offset = log_offset + 1000000
        where conversation_id = ${theirs.chat.id}`.execute(world.cloister.mainDatabase.kysely);
      for await (const event of mine.chat.replies({ signal: AbortSignal.timeout(20_000) })) {
        expect(event.kind).toBe("refused");
        break;
      }
    });
  });

  describe("between a device and keys", () => {
    /** The tenant's application behind a network that changes what passes at the door where conversations are opened. */
    const through = (change: {
      request?: (body: Uint8Array) => Uint8Array;
      answer?: (body: Uint8Array) => Uint8Array;
    }) =>
      world
        .client(async (input, init) => {
          if (!new Request(input).url.endsWith(openDoor) || !(init?.body instanceof Uint8Array))
            return fetch(input, init);
          const body = Buffer.from(change.request?.(init.body) ?? init.body);
          const response = await fetch(input, { ...init, body });
          if (!response.ok || change.answer === undefined) return response;
          const changed = Buffer.from(change.answer(new Uint8Array(await response.arrayBuffer())));
          return new Response(changed, { status: response.status, headers: response.headers });
        })
        .openConversation({ admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()) });

    it("can't put its own key in place of the device's: the device signed its request", async () => {
      const { kem } = new Device();
      const request = (body: Uint8Array): Uint8Array => {
        const fields = { ...fromBinary(OpenConversationRequestSchema, body), clientKemPublicKey: kem.publicKeyBytes };
        return toBinary(OpenConversationRequestSchema, fields);
      };
      await expect(through({ request })).rejects.toMatchObject({ code: "REFUSED", problem: "SIGNATURE_INVALID" });
    });

    it("can't ask for itself with the device's admission: that is bound to the device's keys", async () => {
      const mine = new Device();
      const request = (body: Uint8Array): Uint8Array => {
        const fields = { ...fromBinary(OpenConversationRequestSchema, body), ...mine.publicKeys };
        fields.signature = mine.signer.sign(openConversationSigningBytes(fields));
        return toBinary(OpenConversationRequestSchema, fields);
      };
      await expect(through({ request })).rejects.toMatchObject({ code: "REFUSED", problem: "ADMISSION_INVALID" });
    });

    it("can't answer with a conversation of its own", async () => {
      let own: Uint8Array | undefined;
      await through({
        answer: (body) => {
          own = body;
          return body;
        },
      });
      await expect(through({ answer: () => own ?? new Uint8Array() })).rejects.toMatchObject({
        code: "AUTHORITY_UNTRUSTED",
      });
    });
  });

  describe("at the door of policies", () => {
    const apply = (signed: ReturnType<TestTenant["signed"]>) => world.client().applyPolicy(signed);
    const newer = (choices = {}) => world.tenant.policy(world.clock.nowMs(), { version: 7, ...choices });

    it("can't loosen a policy: the tenant's root has to sign", async () => {
      await expect(apply(world.tenant.signed(newer(), newSigner()))).rejects.toMatchObject({ code: "REFUSED" });
    });

    it("can't bring back an older policy", async () => {
      await apply(world.tenant.signed(newer({ version: 8 })));
      await expect(apply(world.tenant.signed(newer()))).rejects.toMatchObject({ problem: "POLICY_STALE" });
    });

    it("can't change a policy under its number", async () => {
      await apply(world.tenant.signed(newer({ version: 9 })));
      const other = world.tenant.signed(newer({ version: 9, history: false }));
      await expect(apply(other)).rejects.toMatchObject({ problem: "POLICY_CONFLICT" });
    });

    it("can't pass off another tenant's root as this one's", async () => {
      const mine = new TestTenant(world.cloister.instances);
      const foreign = mine.signed({ ...mine.policy(world.clock.nowMs()), tenantId: world.tenant.tenantId });
      await expect(apply(foreign)).rejects.toMatchObject({ code: "REFUSED" });
    });
  });

  it("finds no text of anybody in what all of this left behind", async () => {
    const values = Buffer.concat(await world.allRows()).toString("latin1");
    expect(values.length).toBeGreaterThan(10_000);
    expect(values).not.toMatch(/Marisol|Quintanilla|Transfer everything|call this number/u);
    expect(world.log.lines.join("")).not.toMatch(/Marisol|Quintanilla|Transfer everything|call this number/u);
  });
});
