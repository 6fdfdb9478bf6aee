import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fromBinary } from "@bufbuild/protobuf";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import { Stage } from "@cloister/envelope";
import type { ConversationRecord } from "@cloister/keyring";
import { GAPS, PostgresMessageLog, type Failpoints } from "@cloister/messaging";
import {
  directionOf,
  protectedVectorIndex,
  sealedVectorIndex,
  staticModel,
  VectorTransforms,
  type SealedPassage,
} from "@cloister/retrieval";
import type { RunningService } from "@cloister/service";
import { wakeUpsFor, type Database } from "@cloister/storage";
import { capturedLog, eventually, failOnce, FakeClock, readTopic, testDatabase } from "@cloister/testing";
import { SimulatedKeys } from "@cloister/testing/simulated-keys";
import { MemoryVectors } from "@cloister/testing/vectors";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { startEmbedding } from "../src/index.ts";
import { openPassage, redactedMessage, type Redacted } from "./redacted-message.ts";

const clock = new FakeClock(Date.UTC(2026, 10, 22, 12));
const nowMs = clock.nowMs();
const { log, lines } = capturedLog("embedding");

function worldOf(tenant: SimulatedTenant) {
  return { tenant, keys: new SimulatedKeys(tenant, () => clock.nowMs()) };
}

describe("embedding", () => {
  let db: Database;
  let messages: PostgresMessageLog;
  let service: RunningService;
  const { tenant, keys } = worldOf(new SimulatedTenant(nowMs));

  async function start(failpoints?: Failpoints): Promise<void> {
    const source = keys.sourceFor("embedding");
    service = await startEmbedding(
      {},
      { db, messages, clock, log, keyring: source, ...(failpoints && { failpoints }) },
    );
  }
  async function send(...redacted: Redacted[]): Promise<void> {
    await messages.produce(redacted.map(({ record }) => record));
  }
  async function passagesOf({ tenantId, conversationId }: ConversationRecord) {
    const index = sealedVectorIndex(db);
    const [segments = []] = await index.segments([{ tenantId, conversationIds: [conversationId], nowMs }]);
    const all = { afterRevision: -1, limit: 1_000 };
    return (await Promise.all(segments.map((segment) => index.passages(segment, all)))).flat();
  }
  async function textsOf(conversation: ConversationRecord): Promise<string[]> {
    const passages = await passagesOf(conversation);
    return passages.map((passage) => openPassage(keys, passage, nowMs).text);
  }
  async function failuresFor(causeId: Uint8Array): Promise<string[]> {
    const events = (await readTopic(db, topics.replies)).map(({ value }) => fromBinary(ReplyEventSchema, value).event);
    return events.flatMap((event) =>
      event.case === "failed" && Buffer.compare(event.value.causeId, causeId) === 0 ? [event.value.code] : [],
    );
  }

  beforeAll(async () => {
    db = await testDatabase();
    messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
    await messages.ensureTopics([
      { name: topics.redacted, partitions: 2 },
      { name: topics.replies, partitions: 2 },
    ]);
    await start();
  });
  afterAll(async () => {
    await service.close();
    await messages.close();
    await db.close();
  });

  it("keeps a chat message as a sealed passage under the conversation's vector key", async () => {
    const { record } = keys.openConversation({ subjectRef: new Uint8Array(16).fill(5) });
    const message = redactedMessage(keys, record, { text: "My name is [PERSON_1]." }, nowMs);
    await send(message);
    const [passage] = await eventually(async () => {
      const stored = await passagesOf(record);
      expect(stored).toHaveLength(1);
      return stored;
    });
    if (passage === undefined) throw new Error("a passage is stored");
    const { header, text, vector } = openPassage(keys, passage, nowMs);
    expect(text).toBe("My name is [PERSON_1].");
    expect([vector?.model, vector?.values.length]).toEqual([staticModel.name, 160]);
    expect(header).toMatchObject({ stage: Stage.PASSAGE, expiresAtMs: passage.bucketEndMs });
    expect(Buffer.from(header.subjectRef ?? [])).toEqual(Buffer.from(record.subjectRef ?? []));
    expect(Buffer.from(header.causeId ?? [])).toEqual(Buffer.from(message.causeId));
  });

  it("cuts a long document into passages that all name it, and keeps nothing of it in clear", async () => {
    const { record } = keys.openConversation({ kind: "kb" });
    const document = { documentId: "handbook-7", title: "The handbook" };
    const text = "A refund is paid back within five working days. ".repeat(60);
    await send(redactedMessage(keys, record, { text, document }, nowMs));
    const passages = await eventually(async () => {
      const stored = await passagesOf(record);
      expect(stored.length).toBeGreaterThan(3);
      return stored;
    });
    for (const passage of passages) expect(openPassage(keys, passage, nowMs).document).toMatchObject(document);
    const stored = Buffer.concat(passages.map(({ envelope }) => envelope)).toString("latin1");
    expect(stored).not.toMatch(/handbook|refund/u);
  });

  it("replaces a document that is imported again, also within one batch, and no other", async () => {
    const { record } = keys.openConversation({ kind: "kb" });
    const about = (documentId: string, text: string) =>
      redactedMessage(keys, record, { text, document: { documentId, title: documentId } }, nowMs);
    await send(about("fees", "First fees."), about("fees", "Second fees."), about("hours", "Open at nine."));
    await eventually(async () => expect((await textsOf(record)).sort()).toEqual(["Open at nine.", "Second fees."]));
    await send(about("fees", "Third fees."));
    await eventually(async () => expect((await textsOf(record)).sort()).toEqual(["Open at nine.", "Third fees."]));
  });

  it.each(GAPS)("keeps a message once when it was stopped %s", async (gap) => {
    await service.close();
    await start(failOnce(gap, "embedding"));
    const { record } = keys.openConversation();
    // Only a dead letter makes embedding send anything, and so reach the gaps around the relay.
    const lost = redactedMessage(keys, record, { text: "Lost." }, nowMs, { stage: Stage.TURN });
    await send(redactedMessage(keys, record, { text: "Only once." }, nowMs), lost);
    await eventually(() => {
      expect(service.isReady()).toBe(false);
    });
    await service.close();
    await start();
    await send(redactedMessage(keys, record, { text: "And another." }, nowMs));
    await eventually(async () => expect((await textsOf(record)).sort()).toEqual(["And another.", "Only once."]));
  });

  it("waits while the keys service is down, and loses nothing", async () => {
    const { record } = keys.openConversation();
    keys.isDown = true;
    await send(redactedMessage(keys, record, { text: "Patience." }, nowMs));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await passagesOf(record)).toEqual([]);
    keys.isDown = false;
    await eventually(async () => expect(await textsOf(record)).toEqual(["Patience."]));
  });

  it("tells the reader by the id of their own message when one can't be opened", async () => {
    const { record } = keys.openConversation();
    const message = redactedMessage(keys, record, { text: "Too late." }, nowMs);
    keys.erase(record.conversationId);
    await send(message);
    await eventually(async () => expect(await failuresFor(message.causeId)).toEqual(["KEY_DESTROYED"]));
    expect(await passagesOf(record)).toEqual([]);
  });

  it("refuses an envelope of another stage", async () => {
    const { record } = keys.openConversation();
    const message = redactedMessage(keys, record, { text: "A turn." }, nowMs, { stage: Stage.TURN });
    await send(message);
    await eventually(async () => expect(await failuresFor(message.causeId)).toEqual(["WRONG_STAGE"]));
  });

  it("keeps no chat message where nobody may recall it, but a knowledge base", async () => {
    tenant.policy = { ...tenant.policy, history: false, memory: false };
    const { record: chat } = keys.openConversation();
    const { record: kb } = keys.openConversation({ kind: "kb" });
    await send(redactedMessage(keys, chat, { text: "Forget me." }, nowMs));
    const document = { documentId: "d", title: "D" };
    await send(redactedMessage(keys, kb, { text: "Keep me.", document }, nowMs));
    await eventually(async () => expect(await textsOf(kb)).toEqual(["Keep me."]));
    expect(await passagesOf(chat)).toEqual([]);
  });

  it("tells an importer that a policy without vectors takes no knowledge base", async () => {
    tenant.policy = { ...tenant.policy, vectors: "none" };
    const { record: kb } = keys.openConversation({ kind: "kb" });
    const message = redactedMessage(keys, kb, { text: "x", document: { documentId: "d", title: "" } }, nowMs);
    await send(message);
    await eventually(async () => expect(await failuresFor(message.causeId)).toEqual(["KNOWLEDGE_NOT_ALLOWED"]));
  });

  describe("under a policy with protected vectors", () => {
    let store: MemoryVectors;
    const document = { documentId: "fees", title: "Fees" };
    const vectorKeyOf = ({ tenantId, conversationId, bucketEndMs }: SealedPassage) => ({
      tenantId,
      conversationId,
      purpose: "vector" as const,
      bucketEndMs,
    });

    beforeAll(async () => {
      tenant.policy = { ...tenant.policy, vectors: "protected", history: true };
      await service.close();
      store = new MemoryVectors(db);
      const ports = { db, messages, clock, log, keyring: keys.sourceFor("embedding") };
      service = await startEmbedding({}, { ...ports, index: protectedVectorIndex(db, store) });
    });

    it("gives a store the vectors of knowledge bases, protected by the conversation's own transform", async () => {
      const { record } = keys.openConversation({ kind: "kb" });
      await send(redactedMessage(keys, record, { text: "A refund is paid within five days.", document }, nowMs));
      const [passage] = await eventually(async () => {
        const stored = await passagesOf(record);
        expect(stored).toHaveLength(1);
        return stored;
      });
      const [held] = store.held;
      if (passage === undefined || held === undefined) throw new Error("both have it");
      const exact = Int8Array.from(
        openPassage(keys, passage, nowMs).vector?.values ?? [],
        (byte) => (byte << 24) >> 24,
      );
      const messageId = openPassage(keys, passage, nowMs).header.messageId;
      const transform = new VectorTransforms(exact.length).of(keys.transformKey(vectorKeyOf(passage)));
      expect([...held.vector]).toEqual([...transform.protect(directionOf(exact), messageId)]);
      expect(Buffer.from(held.envelope)).toEqual(Buffer.from(passage.envelope));
    });

    it("keeps chat messages sealed only", async () => {
      const before = store.held.length;
      const { record } = keys.openConversation();
      await send(redactedMessage(keys, record, { text: "I wait for a refund." }, nowMs));
      await eventually(async () => expect(await textsOf(record)).toEqual(["I wait for a refund."]));
      expect(store.held).toHaveLength(before);
    });

    it("takes a replaced document out of the store", async () => {
      const { record } = keys.openConversation({ kind: "kb" });
      const ofKb = () => store.held.filter((one) => Buffer.compare(one.conversationId, record.conversationId) === 0);
      await send(redactedMessage(keys, record, { text: "The fee is ten.", document }, nowMs));
      await send(redactedMessage(keys, record, { text: "The fee is twenty.", document }, nowMs));
      await eventually(async () => expect(await textsOf(record)).toEqual(["The fee is twenty."]));
      expect(ofKb().map((one) => openPassage(keys, one, nowMs).text)).toEqual(["The fee is twenty."]);
    });

    it("keeps them sealed where the system has no store, and says so once", async () => {
      await service.close();
      await start();
      const { record } = keys.openConversation({ kind: "kb" });
      await send(redactedMessage(keys, record, { text: "Sealed it is.", document }, nowMs));
      await eventually(async () => expect(await textsOf(record)).toEqual(["Sealed it is."]));
      expect(lines.filter((line) => line.includes("without a store they stay sealed"))).toHaveLength(1);
    });
  });

  it("wrote nothing into its log that anybody typed", () => {
    expect(lines.join("\n")).not.toMatch(/refund|fees|handbook|PERSON_1/u);
  });
});
