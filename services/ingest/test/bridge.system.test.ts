import { fromBinary } from "@bufbuild/protobuf";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { tenantTopics } from "@cloister/contracts/topics";
import type { Conversation } from "@cloister/client";
import { idToHex, readHeader } from "@cloister/envelope";
import { replyFailedRecord } from "@cloister/messaging/sealed-events";
import { eventually, readTopic } from "@cloister/testing";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createHash } from "node:crypto";
import { Code } from "@connectrpc/connect";

import { IngestUnderTest, startMs } from "./running-ingest.ts";

jest.setTimeout(60_000);

let ingest: IngestUnderTest;
let inboundTopic: string;
let repliesTopic: string;
beforeAll(async () => {
  ingest = await IngestUnderTest.start({ tenantTopics: "the tenant's", policyCacheMs: 50 });
  const { inbound, replies } = tenantTopics(idToHex(ingest.tenant.tenantId));
  [inboundTopic, repliesTopic] = [inbound, replies];
});
afterAll(() => ingest.stop());

const isIn = (bytes: readonly Uint8Array[], one: Uint8Array): boolean =>
  bytes.some((other) => Buffer.compare(other, one) === 0);

/** What the tenant's own program finds on its topic for a conversation. */
async function onTopic(conversationId: Uint8Array) {
  const records = await readTopic(ingest.db, repliesTopic);
  return records.filter(({ key }) => Buffer.compare(key, conversationId) === 0);
}

async function statuses(conversationId: Uint8Array) {
  return (await onTopic(conversationId)).flatMap(({ value }) => {
    const { event } = fromBinary(ReplyEventSchema, value);
    return event.case === "failed" ? [event.value] : [];
  });
}

const letters = async (): Promise<string[]> => {
  const [bridge] = ingest.service.deadLetters.filter(({ consumer }) => consumer.startsWith("ingest-tenant."));
  return (await bridge?.list({}, 100))?.map(({ code }) => code) ?? [];
};

async function sealed(conversation?: Conversation) {
  const chat = conversation ?? (await ingest.open());
  const { envelope, messageId } = await chat.seal("Hello from a topic");
  return { chat, envelope, messageId };
}

describe("a tenant's own topics", () => {
  it("carry a sealed message into the pipeline, byte by byte", async () => {
    const { chat, envelope } = await sealed();
    await ingest.produce(inboundTopic, chat.id, envelope);
    await eventually(async () => expect(isIn(await ingest.inbound(), envelope)).toBe(true));
    expect(await onTopic(chat.id)).toEqual([]);
  });

  it("carry a message once that comes twice, or by HTTP as well", async () => {
    const { chat, envelope } = await sealed();
    await ingest.produce(inboundTopic, chat.id, envelope);
    await ingest.produce(inboundTopic, chat.id, envelope);
    expect((await ingest.post(envelope)).status).toBe(202);
    const last = await sealed(chat);
    await ingest.produce(inboundTopic, chat.id, last.envelope);
    await eventually(async () => expect(isIn(await ingest.inbound(), last.envelope)).toBe(true));
    const taken = (await ingest.inbound()).filter((bytes) => Buffer.compare(bytes, envelope) === 0);
    expect([taken.length, await onTopic(chat.id)]).toEqual([1, []]);
  });

  it("bring sealed replies, which the reader's SDK verifies and opens with the names put back", async () => {
    const { chat, envelope } = await sealed();
    await ingest.produce(inboundTopic, chat.id, envelope);
    await ingest.answer(envelope, { kind: "map-delta", values: { "[PERSON_1]": "Marisol Quintanilla" } });
    await ingest.answer(envelope, { kind: "reply", text: "Hello [PERSON_1]." });
    await eventually(async () => expect(await onTopic(chat.id)).toHaveLength(2));
    const events = [];
    for (const { value, partition, offset } of await onTopic(chat.id)) {
      events.push(await chat.readEvent(value, `${partition}/${offset}`));
    }
    expect(events).toMatchObject([undefined, { kind: "reply", text: "Hello Marisol Quintanilla." }]);
    const replayed = (await onTopic(chat.id)).at(-1)?.value ?? new Uint8Array();
    expect(await chat.readEvent(replayed, "another/place")).toBeUndefined();
  });

  it("bring statuses of the pipeline, too", async () => {
    const { chat, envelope, messageId } = await sealed();
    await ingest.produce(inboundTopic, chat.id, envelope);
    const ids = { tenantId: ingest.tenant.tenantId, conversationId: chat.id, causeId: messageId };
    const failed = replyFailedRecord({ ...ids, code: "KEY_DESTROYED", isRetryable: false, bucketEndMs: 0 });
    await ingest.produceReply(chat.id, failed.value);
    await eventually(async () => expect(await statuses(chat.id)).toMatchObject([{ code: "KEY_DESTROYED" }]));
    expect((await statuses(chat.id))[0]?.causeId).toEqual(Uint8Array.from(messageId));
  });

  it("take the tenant from the topic: another's message is a dead letter there, and its tenant hears nothing", async () => {
    const other = new SimulatedTenant(startMs);
    const { chat, envelope } = await sealed();
    await ingest.produce(inboundTopic, chat.id, withTenant(envelope, ingest.tenant.tenantId, other.tenantId));
    await eventually(async () => expect(await statuses(chat.id)).toMatchObject([{ code: "FORBIDDEN_TENANT" }]));
    expect((await statuses(chat.id))[0]?.tenantId).toEqual(Uint8Array.from(ingest.tenant.tenantId));
    expect(await letters()).toContain("FORBIDDEN_TENANT");
  });

  it("keep what is no envelope as it came, and tell its hash", async () => {
    const { id } = await ingest.open();
    const value = Buffer.from("no envelope at all");
    await ingest.produce(inboundTopic, id, value);
    await eventually(async () => expect(await statuses(id)).toMatchObject([{ code: "MALFORMED", retryable: false }]));
    const hash = createHash("sha256").update(value).digest().subarray(0, 16);
    expect((await statuses(id))[0]?.causeId).toEqual(Uint8Array.from(hash));
  });

  it("refuse what is larger than the HTTP door takes", async () => {
    const { id } = await ingest.open();
    await ingest.produce(inboundTopic, id, new Uint8Array(512 * 1024 + 1));
    await eventually(async () => expect(await statuses(id)).toMatchObject([{ code: "TOO_LARGE" }]));
  });

  it("refuse an id that was used for other bytes, over HTTP or here", async () => {
    const { chat, envelope } = await sealed();
    expect((await ingest.post(envelope)).status).toBe(202);
    // A signature's last byte: the header, and with it the id, stays.
    const changed = Uint8Array.from(envelope);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await ingest.produce(inboundTopic, chat.id, changed);
    await eventually(async () => expect(await statuses(chat.id)).toMatchObject([{ code: "ID_REUSED" }]));
  });

  it("refuse an expired message, and go on with the next", async () => {
    const early = await sealed();
    ingest.clock.advance(readHeader(early.envelope).expiresAtMs - ingest.clock.nowMs() + 1_000);
    await ingest.produce(inboundTopic, early.chat.id, early.envelope);
    await eventually(async () => expect(await statuses(early.chat.id)).toMatchObject([{ code: "EXPIRED" }]));
    const { chat, envelope } = await sealed();
    await ingest.produce(inboundTopic, chat.id, envelope);
    await eventually(async () => expect(isIn(await ingest.inbound(), envelope)).toBe(true));
  });

  it("wait while the key service is away, and lose nothing", async () => {
    const { chat, envelope } = await sealed();
    ingest.clock.advance(100);
    ingest.keys.refusal = { status: Code.Unavailable };
    await ingest.produce(inboundTopic, chat.id, envelope);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([isIn(await ingest.inbound(), envelope), await onTopic(chat.id)]).toEqual([false, []]);
    ingest.keys.refusal = undefined;
    await eventually(async () => expect(isIn(await ingest.inbound(), envelope)).toBe(true));
  });

  it("go on where they were after a restart", async () => {
    await ingest.stopService();
    await ingest.startService();
    const { chat, envelope } = await sealed();
    await ingest.produce(inboundTopic, chat.id, envelope);
    await eventually(async () => expect(isIn(await ingest.inbound(), envelope)).toBe(true));
  });
});

describe("a tenant's own topics beyond its limit", () => {
  it("are read more slowly, and nothing is refused", async () => {
    const limits = { tenantRequestsPerSecond: 5, tenantBurst: 1 };
    const slow = await IngestUnderTest.start({ tenantTopics: "the tenant's", limits });
    const topic = tenantTopics(idToHex(slow.tenant.tenantId)).inbound;
    const chat = await slow.open();
    const envelopes: Uint8Array[] = [];
    for (let n = 0; n < 8; n += 1) {
      const { envelope } = await chat.seal(`Message ${n}`);
      envelopes.push(envelope);
      await slow.produce(topic, chat.id, envelope);
    }
    await eventually(async () => expect(await slow.inbound()).toEqual(envelopes.map((one) => Uint8Array.from(one))));
    await slow.stop();
  });
});

/** The same envelope with another tenant in its header: its seal would not hold, but nobody here has a key. */
function withTenant(envelope: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const bytes = Buffer.from(envelope);
  const at = bytes.indexOf(from);
  bytes.set(to, at);
  return bytes;
}
