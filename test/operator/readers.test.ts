import { randomBytes } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Conversation, ConversationEvent } from "@cloister/client";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { OpenConversationRequestSchema } from "@cloister/contracts/keys/authority";
import { topics } from "@cloister/contracts/topics";
import { createKemPrivateKey, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { noteSigner, signInstanceCertificate } from "@cloister/policy";
import { readTopic } from "@cloister/testing";
import { sql } from "kysely";
import { newKemKey, newSigningKey } from "../e2e/device.ts";
import { EmbeddedWorld } from "../e2e/embedded-world.ts";
import { Operator, typed } from "./operator.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

const [text, , , , forgedText] = typed;

/** As a person would see it: what is refused on the device shows a code and nothing else. */
const shown = (events: readonly ConversationEvent[]): string =>
  JSON.stringify(events, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

describe("an operator who writes to the mailbox of readers", () => {
  let world: EmbeddedWorld;
  let operator: Operator;
  const toolSeed = randomBytes(32);
  beforeAll(async () => {
    world = await EmbeddedWorld.start();
    operator = new Operator(world);
    const tool = createKemPrivateKey(nodeBackend, toolSeed);
    const recipients = [{ name: "support", kemPublicKey: tool.publicKeyBytes, map: true }];
    const policy = world.tenant.policy(world.clock.nowMs(), { version: 2, recipients });
    await world.client().applyPolicy(world.tenant.signed(policy));
  });
  afterAll(() => world.close());
  beforeEach(() => {
    operator.begin();
  });
  afterEach(async () => {
    expect(await operator.finds()).toEqual([]);
  });

  /** A chat with one answered message, and what passed by the operator when it was opened. */
  async function watchedChat() {
    const seen: Uint8Array[] = [];
    const client = world.client(async (input, init) => {
      if (new Request(input).url.endsWith("/v1/conversations") && init?.body instanceof Uint8Array)
        seen.push(init.body);
      return fetch(input, init);
    });
    const chat = await client.openConversation({
      admission: (keys) => world.tenant.admission(keys, world.clock.nowMs()),
    });
    await chat.ask(text);
    await world.idle();
    const { clientKemPublicKey } = fromBinary(OpenConversationRequestSchema, seen[0] ?? new Uint8Array());
    return { chat, target: { conversationId: chat.id, clientKemPublicKey } };
  }
  /** The certificate that an instance of this role shows with what it signs. */
  async function genuineCertificate(stage: Stage): Promise<Uint8Array> {
    const records = await readTopic(world.cloister.mainDatabase, topics.replies);
    for (const { value } of records) {
      const { event } = fromBinary(ReplyEventSchema, value);
      if (event.case === "sealed" && operator.stageOf(event.value.envelope) === stage) {
        return event.value.signerCertificate;
      }
    }
    throw new Error("no such event lies on the topic");
  }
  async function read(reader: { replies: Conversation["replies"] }, count: number): Promise<ConversationEvent[]> {
    const events: ConversationEvent[] = [];
    for await (const event of reader.replies({ signal: AbortSignal.timeout(20_000), live: false })) {
      if (events.push(event) === count) break;
    }
    return events;
  }
  const refused = (code: string) => expect.objectContaining({ kind: "refused", code });

  it("can't answer a person in its own words, whatever certificate it shows", async () => {
    const { chat, target } = await watchedChat();
    for (const certificate of [new TextEncoder().encode("trust me"), await genuineCertificate(Stage.REPLY)]) {
      await operator.produce(operator.forgedReply(target, forgedText, { certificate }));
    }
    const events = await read(chat, 2);
    expect(events).toEqual([refused("NOTE_MALFORMED"), refused("SIGNATURE_INVALID")]);
    expect(shown(events)).not.toContain(forgedText);
  });

  it("can't certify an instance of its own: that takes the tenant's issuer key", async () => {
    const { chat, target } = await watchedChat();
    const signer = newSigningKey();
    const nowMs = world.clock.nowMs();
    const { measurement, configurationDigest } = world.cloister.instances.machines["enclave-inference"];
    const certificate = signInstanceCertificate(
      {
        ...{ tenantId: world.tenant.tenantId, role: "enclave-inference", measurement, configurationDigest },
        ...{ kemPublicKey: newKemKey().publicKeyBytes, signingPublicKey: signer.publicKeyBytes },
        ...{ notBeforeMs: nowMs - 1, notAfterMs: nowMs + 600_000 },
      },
      noteSigner(newSigningKey()),
    );
    await operator.produce(operator.forgedReply(target, forgedText, { certificate, signer }));
    const events = await read(chat, 1);
    expect(events).toEqual([refused("NOTE_UNSIGNED")]);
    expect(shown(events)).not.toContain(forgedText);
  });

  it("can't show a genuine reply under another role's certificate", async () => {
    const { chat } = await watchedChat();
    await operator.certifyReplyAnew(chat, await genuineCertificate(Stage.MAP_DELTA));
    const tool = world.client().recipient(toolSeed);
    const events = await read({ replies: (options) => tool.replies(chat.id, options) }, 1);
    expect(events).toEqual([refused("CERTIFICATE_INVALID")]);
  });

  it("can't forge a reply to a support tool", async () => {
    const { target } = await watchedChat();
    const tool = world.client().recipient(toolSeed);
    const forgery = { ...target, clientKemPublicKey: tool.publicKeyBytes };
    const certificate = await genuineCertificate(Stage.REPLY);
    await operator.produce(operator.forgedReply(forgery, forgedText, { certificate }));
    await world.idle();
    const events = await read({ replies: (options) => tool.replies(target.conversationId, options) }, 2);
    expect(events.at(-1)).toEqual(refused("SIGNATURE_INVALID"));
    expect(shown(events)).not.toContain(forgedText);
  });

  it("can't show a genuine reply in another person's conversation", async () => {
    const [theirs, mine] = [await watchedChat(), await watchedChat()];
    const replies = await operator.repliesOf(theirs.chat);
    const before = await world.mailbox(mine.chat);
    await operator.produce(...replies.map((record) => ({ ...record, key: mine.chat.id })));
    await operator.isAudited("ingest MALFORMED");
    expect(await world.mailbox(mine.chat)).toEqual(before);
  });

  it("can't do so in the tables either: the reader is shown a refusal", async () => {
    const [theirs, mine] = [await watchedChat(), await watchedChat()];
    await sql`update ingest.mailbox set conversation_id = ${mine.chat.id}, log_offset = log_offset + 1000000
      where conversation_id = ${theirs.chat.id}`.execute(world.cloister.mainDatabase.kysely);
    const events = await read(mine.chat, 1);
    expect(events).toEqual([refused("WRONG_CONVERSATION")]);
  });
});
