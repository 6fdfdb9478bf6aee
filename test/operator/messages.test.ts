import { randomBytes } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Conversation } from "@cloister/client";
import { EnvelopeSchema, Suite } from "@cloister/contracts/envelope";
import { MessageSealedSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import type { OutgoingRecord } from "@cloister/messaging";
import { eventually } from "@cloister/testing";
import { Device, newSigningKey, say, type DeviceMessage, type OpenedConversation } from "../e2e/device.ts";
import { EmbeddedWorld, type MailboxEntry } from "../e2e/embedded-world.ts";
import { Operator, typed } from "./operator.ts";

// Every service is started first, on machines that may be busy.
jest.setTimeout(60_000);

describe("an operator who owns the topics", () => {
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

  const [text, , , forgedText] = typed;
  const mailboxOf = (conversation: Pick<Conversation, "id">, count = 1): Promise<MailboxEntry[]> =>
    eventually(async () => {
      const entries = await world.mailbox(conversation);
      expect(entries.length).toBeGreaterThanOrEqual(count);
      return entries;
    });
  const written = (conversation: OpenedConversation, senderSeq = 1): DeviceMessage =>
    say(conversation, world.clock.nowMs(), senderSeq, text);
  /** A message that its device sent, and that the operator holds in hand before any service has seen it. */
  async function intercepted(): Promise<{ victim: OpenedConversation; record: OutgoingRecord }> {
    const victim = await operator.openedBy(new Device());
    return { victim, record: written(victim).record };
  }
  async function answeredChat(): Promise<{ chat: Conversation; messageId: Uint8Array }> {
    const chat = await world.openChat();
    const { causeId: messageId } = await chat.ask(text);
    return { chat, messageId };
  }

  it("can't read what people typed, wherever it looks: tables, topics, log lines, files", async () => {
    await answeredChat();
    expect(await operator.finds()).toEqual([]);
    // It does look: names of topics lie there in clear.
    expect(await operator.finds([topics.inbound])).not.toEqual([]);
  });

  it("can't speak for a person: a message that the person's device did not sign is refused", async () => {
    const victim = await operator.openedBy(new Device());
    await operator.produce(say(victim, world.clock.nowMs(), 1, forgedText, { signer: newSigningKey() }).record);
    expect(await mailboxOf(victim)).toMatchObject([{ kind: "status", code: "SIGNATURE_INVALID" }]);
    await operator.isAudited("redaction SIGNATURE_INVALID");
  });

  it("can't add itself to a message's recipients", async () => {
    const { victim, record } = await intercepted();
    await operator.produce(
      operator.rewritten(record, ({ recipients }) => {
        const [first] = recipients;
        if (first?.kind.case !== "kem") throw new Error("a client seals to a public key");
        recipients.push({ ...first, kind: { case: "kem", value: { ...first.kind.value, keyId: randomBytes(16) } } });
      }),
    );
    expect(await mailboxOf(victim)).toMatchObject([{ kind: "status", code: "SIGNATURE_INVALID" }]);
    await operator.isAudited("redaction SIGNATURE_INVALID");
  });

  it("can't put a signature under another text", async () => {
    const { victim, record } = await intercepted();
    const other = say(victim, world.clock.nowMs(), 1, forgedText).record;
    const { ciphertext } = fromBinary(EnvelopeSchema, fromBinary(MessageSealedSchema, other.value).envelope);
    await operator.produce(
      operator.rewritten(record, (envelope) => {
        envelope.ciphertext = ciphertext;
      }),
    );
    expect(await mailboxOf(victim)).toMatchObject([{ kind: "status", code: "SIGNATURE_INVALID" }]);
    await operator.isAudited("redaction SIGNATURE_INVALID");
  });

  it("can't strip the signature off", async () => {
    const { record } = await intercepted();
    await operator.produce(
      operator.rewritten(record, (envelope) => {
        delete envelope.signature;
      }),
    );
    await operator.isAudited("redaction SIGNATURE_INVALID");
  });

  it("can't have a message read under another suite than it was sealed under", async () => {
    const { victim, record } = await intercepted();
    await operator.produce(
      operator.rewritten(record, (_, header) => {
        header.suite = Suite.CHACHA20_POLY1305;
      }),
    );
    expect(await mailboxOf(victim)).toMatchObject([{ kind: "status", code: "SIGNATURE_INVALID" }]);
    await operator.isAudited("redaction SIGNATURE_INVALID");
  });

  it.each([
    ["strip a message of its suite", Suite.UNSPECIFIED, "MALFORMED"],
    ["name a suite that no service knows", 99, "UNSUPPORTED_SUITE"],
  ])("can't %s", async (_attempt, suite, code) => {
    const { record } = await intercepted();
    await operator.produce(
      operator.rewritten(record, (_, header) => {
        header.suite = suite;
      }),
    );
    await operator.isAudited(`redaction ${code}`);
  });

  it("can't let a message live for longer", async () => {
    const { victim, record } = await intercepted();
    await operator.produce(
      operator.rewritten(record, (_, header) => {
        header.expiresAtMs += 3_600_000n;
      }),
    );
    expect(await mailboxOf(victim)).toMatchObject([{ kind: "status", code: "RETENTION_TOO_LONG" }]);
    await operator.isAudited("redaction RETENTION_TOO_LONG");
  });

  it("can't put a message into another conversation as it is: what it says of itself is compared", async () => {
    const { messageId, chat } = await answeredChat();
    const accomplice = await operator.openedBy(new Device());
    await operator.produce({ ...(await operator.recordOf(topics.inbound, messageId)), key: accomplice.id });
    await operator.isAudited("redaction RECORD_MOVED");
    await world.idle();
    expect(await world.mailbox(accomplice)).toEqual([]);
    expect((await world.mailbox(chat)).filter(({ kind }) => kind === "reply")).toHaveLength(1);
  });

  it("can't rewrite to which conversation a message belongs: that is signed", async () => {
    const { record } = await intercepted();
    const accomplice = await operator.openedBy(new Device());
    await operator.produce(
      operator.rewritten(record, (_, header) => {
        header.conversationId = accomplice.id;
      }),
    );
    expect(await mailboxOf(accomplice)).toMatchObject([{ kind: "status", code: "SIGNATURE_INVALID" }]);
    await operator.isAudited("redaction SIGNATURE_INVALID");
  });

  it("can't have another tenant's keys open a message", async () => {
    const { record } = await intercepted();
    await operator.produce(
      operator.rewritten(record, (_, header) => {
        header.tenantId = randomBytes(16);
      }),
    );
    await operator.isAudited("ReleaseKeys TENANT_UNKNOWN");
  });

  it("can't have a message shown to the model before it is redacted", async () => {
    const { victim, record } = await intercepted();
    await operator.produce({ ...record, topic: topics.redacted });
    const entries = await mailboxOf(victim);
    expect(new Set(entries.map(({ code }) => code))).toEqual(new Set(["WRONG_STAGE"]));
    await operator.isAudited("enclave-inference WRONG_STAGE");
  });

  it("can't have a redacted text redacted again, as if a person had sent it", async () => {
    const { messageId } = await answeredChat();
    await operator.produce({ ...(await operator.recordOf(topics.redacted, messageId)), topic: topics.inbound });
    await operator.isAudited("redaction WRONG_STAGE");
  });

  it("gains nothing by replay: the same record again is dropped", async () => {
    const { chat, messageId } = await answeredChat();
    const before = await world.mailbox(chat);
    await operator.produce(await operator.recordOf(topics.inbound, messageId));
    await operator.produce(await operator.recordOf(topics.redacted, messageId));
    await world.idle();
    expect(await world.mailbox(chat)).toEqual(before);
  });

  it("can't use a message's id or place for another text", async () => {
    const victim = await operator.openedBy(new Device());
    const first = written(victim);
    await operator.produce(first.record);
    await mailboxOf(victim);
    const second = say(victim, world.clock.nowMs(), 1, text, { header: { messageId: first.messageId } });
    await operator.produce(second.record);
    await operator.isAudited("redaction ID_REUSED");
    await operator.produce(written(victim).record);
    await operator.isAudited("redaction REPLAYED");
  });

  it("can drop a message and change the order, but the reader is told of the gap", async () => {
    const victim = await operator.openedBy(new Device());
    const [first, second, third] = [1, 2, 3].map((senderSeq) => written(victim, senderSeq));
    if (!first || !second || !third) throw new Error("three messages were written");
    for (const { record } of [first, third, second]) await operator.produce(record);
    await eventually(async () => {
      const codes = (await world.mailbox(victim)).map(({ code, kind }) => code ?? kind);
      expect(codes.filter((code) => code === "SEQUENCE_GAP")).toEqual(["SEQUENCE_GAP"]);
      expect(codes.filter((code) => code === "reply")).toHaveLength(3);
    });
  });
});
