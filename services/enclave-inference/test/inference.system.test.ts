import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { topics } from "@cloister/contracts/topics";
import { createKemPrivateKey, createKemPublicKey, Stage, type MessageId } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnd, type ConversationRecord } from "@cloister/keyring";
import { GAPS, PostgresMessageLog, type Failpoints } from "@cloister/messaging";
import {
  directionOf,
  passageSchema,
  protectedPassageReader,
  protectedVectorIndex,
  quantized,
  sealedVectorIndex,
  staticEmbedder,
  VectorTransforms,
  type PassageReader,
  type PassageTables,
} from "@cloister/retrieval";
import type { RunningService } from "@cloister/service";
import { sql } from "kysely";
import { schemaOf, wakeUpsFor, type Database } from "@cloister/storage";
import { capturedLog, eventually, failOnce, FakeClock, readTopic, testDatabase } from "@cloister/testing";
import { SimulatedKeys, type SimulatedConversation } from "@cloister/testing/simulated-keys";
import { MemoryVectors } from "@cloister/testing/vectors";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { extractiveRuntime, ModelError, startInference, type ModelRequest, type ModelRuntime } from "../src/index.ts";
import { logKeyOf, openTurns, turnRows } from "../src/recall.ts";
import type { InferenceTables } from "../src/tables.ts";
import { TurnCache } from "../src/turn-cache.ts";
import { asked, failuresOf, passage, repliesTo, type Asked, type ReceivedReply } from "./conversation-world.ts";

const clock = new FakeClock(Date.UTC(2026, 10, 22, 12));
const nowMs = clock.nowMs();
const { log, lines } = capturedLog("enclave-inference");
const tenant = new SimulatedTenant(nowMs);
const defaultPolicy = tenant.policy;
const keys = new SimulatedKeys(tenant, () => clock.nowMs());
const source = keys.sourceFor("enclave-inference");

/** Wraps the real runtime as a composition root may: it records what the model is shown, and can be made to fail. */
class ObservedRuntime implements ModelRuntime {
  readonly requests: ModelRequest[] = [];
  failures: ModelError[] = [];
  /** Runs while the model is at work. */
  meanwhile: () => void = () => undefined;
  readonly #inner = extractiveRuntime();

  answer(request: ModelRequest, signal: AbortSignal) {
    this.requests.push(request);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.meanwhile();
    this.meanwhile = () => undefined;
    return this.#inner.answer(request, signal);
  }
}

describe("enclave-inference", () => {
  let db: Database;
  let messages: PostgresMessageLog;
  let service: RunningService;
  const runtime = new ObservedRuntime();

  async function start(failpoints?: Failpoints): Promise<void> {
    const ports = { db, messages, clock, log, keyring: source, runtime, ...(failpoints && { failpoints }) };
    service = await startInference({}, ports);
  }
  async function send(...questions: Asked[]): Promise<void> {
    await messages.produce(questions.map(({ record }) => record));
  }
  async function store(...passages: ReturnType<typeof passage>[]): Promise<void> {
    const index = sealedVectorIndex(db);
    await index.prepare(passages.map(({ bucketEndMs }) => bucketEndMs));
    await index.store(schemaOf<PassageTables>(db, passageSchema), passages);
  }
  async function repliesFor(causeId: MessageId, { clientKey }: SimulatedConversation): Promise<ReceivedReply[]> {
    return repliesTo(causeId, await readTopic(db, topics.replies), clientKey, source.signer.publicKeyBytes, nowMs);
  }
  async function replyTo(question: Asked, conversation: SimulatedConversation): Promise<ReceivedReply> {
    return eventually(async () => {
      const [reply] = await repliesFor(question.causeId, conversation);
      if (reply === undefined) throw new Error("no reply yet");
      return reply;
    });
  }
  async function ask(conversation: SimulatedConversation, text: string): Promise<ReceivedReply> {
    const question = asked(keys, conversation.record, text, nowMs);
    await send(question);
    return replyTo(question, conversation);
  }
  async function failureOf(question: Asked): Promise<string[]> {
    return eventually(async () => {
      const codes = failuresOf(question.causeId, await readTopic(db, topics.replies));
      expect(codes.length).toBeGreaterThan(0);
      return codes;
    });
  }
  async function turnsOf({ conversationId }: ConversationRecord) {
    const tables = schemaOf<InferenceTables>(db, "enclave_inference");
    return tables.selectFrom("turn").selectAll().where("conversation_id", "=", conversationId).execute();
  }
  /** A conversation that may be answered from a knowledge base about refunds. */
  async function withKnowledge(): Promise<SimulatedConversation> {
    const kb = keys.openConversation({ kind: "kb" });
    const document = { documentId: "refunds", title: "Refunds, by [PERSON_4]" };
    const text = "A refund is paid back to the card within five working days. Ask [PERSON_4] about it.";
    await store(passage(keys, kb.record, { text, document }, nowMs));
    return keys.openConversation({ knowledgeBases: [kb.record.conversationId] });
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
  afterEach(() => {
    tenant.policy = defaultPolicy;
  });
  afterAll(async () => {
    await service.close();
    await messages.close();
    await db.close();
  });

  it("answers from the knowledge base of the admission, signed, sealed to the client", async () => {
    const conversation = await withKnowledge();
    const reply = await ask(conversation, "I am [PERSON_1]. When is a refund paid to my card?");
    expect(reply.text).toContain("Thank you, [PERSON_1]. A refund is paid back to the card within five working days.");
    expect(reply.sources).toMatchObject([{ documentId: "refunds", title: "Refunds, by [PERSON]" }]);
    expect(reply.header).toMatchObject({ stage: Stage.REPLY, createdAtMs: nowMs });
    expect(Buffer.from(reply.signerCertificate).toString()).toContain("\n");
  });

  describe("with a store of protected vectors", () => {
    const embedder = staticEmbedder();
    let vectors: MemoryVectors;

    /** A knowledge base as embedding keeps it under such a policy, and a conversation that may be answered from it. */
    async function withProtected(texts: readonly string[]): Promise<SimulatedConversation> {
      tenant.policy = { ...defaultPolicy, vectors: "protected" };
      const { record } = keys.openConversation({ kind: "kb" });
      const embedded = await embedder.embed(texts);
      const passages = texts.map((text, n) => {
        const exact = quantized(embedded[n] ?? new Float32Array());
        const vector = { model: embedder.model.name, values: Uint8Array.from(exact) };
        const document = { documentId: `d${n}`, title: "" };
        const sealed = passage(keys, record, { text, document, vector }, nowMs);
        const transform = new VectorTransforms(exact.length).of(keys.transformKey({ ...sealed, purpose: "vector" }));
        return { ...sealed, protection: { vector: transform.protect(directionOf(exact), sealed.causeId) } };
      });
      const index = protectedVectorIndex(db, vectors);
      await index.prepare(passages.map(({ bucketEndMs }) => bucketEndMs));
      await index.stage(passages);
      await index.store(schemaOf<PassageTables>(db, passageSchema), passages);
      return keys.openConversation({ knowledgeBases: [record.conversationId] });
    }
    async function restart(passages?: PassageReader): Promise<void> {
      await service.close();
      service = await startInference(
        {},
        { db, messages, clock, log, keyring: source, runtime, ...(passages && { passages }) },
      );
    }

    beforeAll(async () => {
      vectors = new MemoryVectors(db);
      await restart(protectedPassageReader(sealedVectorIndex(db), vectors));
    });
    afterAll(() => restart());

    const texts = ["A refund is paid back within five working days.", "The branch opens at nine.", "A card costs ten."];

    it("asks it for what is near the question, and ranks that by what lies sealed beside it", async () => {
      const conversation = await withProtected(texts);
      const asksOfStore = jest.spyOn(vectors, "nearest");
      expect((await ask(conversation, "When is a refund paid?")).text).toContain("within five working days");
      expect(asksOfStore).toHaveBeenCalledTimes(1);
      const [, probe] = asksOfStore.mock.calls[0] ?? [];
      const [question] = await embedder.embed(["When is a refund paid?"]);
      expect(probe).not.toEqual(question);
      asksOfStore.mockRestore();
    });

    it("opens the segment itself where the store has lost it", async () => {
      const conversation = await withProtected(texts);
      const lost = jest.spyOn(vectors, "nearest").mockImplementation(async () => undefined);
      expect((await ask(conversation, "When is a refund paid?")).text).toContain("within five working days");
      lost.mockRestore();
    });

    it("asks no store once the policy lets vectors be sealed alone", async () => {
      const kb = await withProtected(texts);
      tenant.policy = defaultPolicy;
      const conversation = keys.openConversation({ knowledgeBases: kb.record.knowledgeBases });
      const asksOfStore = jest.spyOn(vectors, "nearest");
      expect((await ask(conversation, "When is a refund paid?")).text).toContain("within five working days");
      expect(asksOfStore).not.toHaveBeenCalled();
      asksOfStore.mockRestore();
    });
  });

  it("takes the numbers from placeholders of the knowledge base", async () => {
    const conversation = await withKnowledge();
    const { text } = await ask(conversation, "Whom do I ask about a refund?");
    expect(text).toContain("[PERSON]");
    expect(text).not.toContain("[PERSON_4]");
  });

  it("seals the reply to the policy's recipients, too", async () => {
    const tool = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
    const key = createKemPublicKey(nodeBackend, tool.publicKeyBytes);
    const conversation = keys.openConversation({ recipients: [{ name: "support", key, mayHaveMap: false }] });
    const question = asked(keys, conversation.record, "Anybody there?", nowMs);
    await send(question);
    await replyTo(question, conversation);
    expect(await repliesFor(question.causeId, { ...conversation, clientKey: tool })).toHaveLength(1);
    const stranger = createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32));
    expect(await repliesFor(question.causeId, { ...conversation, clientKey: stranger })).toEqual([]);
  });

  it("seals the reply to who may read it when it is there, and not when it was asked for", async () => {
    const [struckOff, renewed] = [1, 2].map(() => createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32)));
    if (struckOff === undefined || renewed === undefined) throw new Error("there are two keys");
    const publicKeyOf = ({ publicKeyBytes }: typeof renewed) => createKemPublicKey(nodeBackend, publicKeyBytes);
    const tool = { name: "tool", key: publicKeyOf(struckOff), mayHaveMap: false };
    const conversation = keys.openConversation({ recipients: [tool] });
    runtime.meanwhile = () => keys.change(conversation, { recipients: [], clientKey: publicKeyOf(renewed) });
    const question = asked(keys, conversation.record, "What is your name?", nowMs);
    await send(question);
    await replyTo(question, { ...conversation, clientKey: renewed });
    expect(await repliesFor(question.causeId, { ...conversation, clientKey: struckOff })).toEqual([]);
  });

  it("knows the turns before, also those of the same batch", async () => {
    const conversation = await withKnowledge();
    const first = asked(keys, conversation.record, "Can I get a refund?", nowMs);
    const second = asked(keys, conversation.record, "When is it paid?", nowMs);
    await send(first, second);
    expect((await replyTo(second, conversation)).text).toContain("five working days");
    expect((await ask(conversation, "And to what is it paid?")).text).toContain("to the card");
    expect(runtime.requests.at(-1)?.turns.map((turn) => turn.question)).toEqual([
      "Can I get a refund?",
      "When is it paid?",
    ]);
  });

  it("knows of each of many conversations its newest turns, oldest first, and of none another's", async () => {
    const conversations = [keys.openConversation(), keys.openConversation(), keys.openConversation()] as const;
    const [talkative, brief] = conversations;
    const wishes = Array.from({ length: 8 }, (_, n) => `My wish number ${n} is a tandem.`);
    for (const wish of wishes) await ask(talkative, wish);
    await ask(brief, "I like rain.");
    const tables = schemaOf<InferenceTables>(db, "enclave_inference");
    const records = conversations.map(({ record }) => record);
    const rows = await turnRows(tables, records, nowMs);
    const lease = await source.lease(rows.flat().map(logKeyOf));
    const recalling = { keys: lease, turnCache: new TurnCache(), nowMs };
    const questions = records.map((record, n) => openTurns(rows[n] ?? [], record, recalling));
    expect(questions.map((turns) => turns.map(({ question }) => question))).toEqual([
      wishes.slice(-6),
      ["I like rain."],
      [],
    ]);
  });

  it("opens no turn that it sealed itself a moment ago, and tells none once it was erased", async () => {
    const conversation = keys.openConversation();
    const bucketEndMs = bucketEnd(conversation.record, "log", nowMs);
    const key = (await source.lease([])).sealingKey({ ...conversation.record, purpose: "log", bucketEndMs });
    const opens = jest.spyOn(key, "unwrap");
    await ask(conversation, "My bicycle is red.");
    await ask(conversation, "My tandem is blue.");
    await ask(conversation, "What colour has my bicycle?");
    const recalled = runtime.requests.at(-1)?.turns.map(({ question }) => question);
    expect(recalled).toEqual(["My bicycle is red.", "My tandem is blue."]);
    expect(opens).not.toHaveBeenCalled();
    keys.erase(conversation.record.conversationId);
    const question = asked(keys, conversation.record, "And my tandem?", nowMs);
    await send(question);
    expect(await failureOf(question)).toEqual(["KEY_DESTROYED"]);
    expect(runtime.requests.map(({ question: told }) => told)).not.toContain("And my tandem?");
  });

  it("keeps each turn sealed under the log key, and nothing of it in clear", async () => {
    const conversation = keys.openConversation();
    await ask(conversation, "My secret hobby is beekeeping.");
    const [turn] = await turnsOf(conversation.record);
    expect(Buffer.from(turn?.envelope ?? []).toString("latin1")).not.toContain("beekeeping");
    expect(turn?.bucket_end_ms).toBeGreaterThan(nowMs);
  });

  it("gives the model no turns where policy has no history", async () => {
    tenant.policy = { ...defaultPolicy, history: false };
    const conversation = keys.openConversation();
    await ask(conversation, "My phone number is [PHONE_NUMBER_1].");
    const { text } = await ask(conversation, "What was my phone number?");
    expect(text).not.toContain("[PHONE_NUMBER_1]");
    expect(runtime.requests.at(-1)).toMatchObject({ turns: [], passages: [] });
    expect(await turnsOf(conversation.record)).toEqual([]);
  });

  it("recalls what was said long ago in this conversation, and nothing of a stranger's", async () => {
    const conversation = keys.openConversation();
    const stranger = keys.openConversation();
    const said = { text: "My phone number is [PHONE_NUMBER_1]." };
    await store(passage(keys, conversation.record, said, nowMs), passage(keys, stranger.record, said, nowMs));
    expect((await ask(conversation, "What was my phone number?")).text).toContain("[PHONE_NUMBER_1]");
    expect(runtime.requests.at(-1)?.passages).toHaveLength(1);
  });

  it("recalls the same person's other conversations by policy, without their placeholders' numbers", async () => {
    const subjectRef = nodeBackend.randomBytes(16);
    const earlier = keys.openConversation({ subjectRef });
    await store(passage(keys, earlier.record, { text: "My bicycle is red, says [PERSON_3]." }, nowMs));
    const remembering = keys.openConversation({ subjectRef });
    expect((await ask(remembering, "What colour has my bicycle?")).text).toContain("red, says [PERSON].");
    const somebodyElse = keys.openConversation({ subjectRef: nodeBackend.randomBytes(16) });
    expect((await ask(somebodyElse, "What colour has my bicycle?")).text).not.toContain("red");
    const nobody = keys.openConversation();
    expect((await ask(nobody, "What colour has my bicycle?")).text).not.toContain("red");
    tenant.policy = { ...defaultPolicy, memory: false };
    const forgetful = keys.openConversation({ subjectRef });
    expect((await ask(forgetful, "What colour has my bicycle?")).text).not.toContain("red");
  });

  it("gives a subject's words to no other tenant, though the store names the same subject", async () => {
    const subjectRef = nodeBackend.randomBytes(16);
    const foreign = new SimulatedKeys(new SimulatedTenant(nowMs), () => clock.nowMs());
    const theirs = foreign.openConversation({ subjectRef });
    const said = passage(foreign, theirs.record, { text: "My bicycle is red." }, nowMs);
    await store(said);
    await store({ ...said, tenantId: keys.openConversation().record.tenantId });
    const ours = keys.openConversation({ subjectRef });
    expect((await ask(ours, "What colour has my bicycle?")).text).not.toContain("red");
    expect(runtime.requests.at(-1)).toMatchObject({ passages: [] });
  });

  it("opens what it searches once while the lease lasts, adds what is new, and forgets it with its key", async () => {
    const kb = keys.openConversation({ kind: "kb" });
    const about = (text: string) =>
      passage(keys, kb.record, { text, document: { documentId: text, title: "" } }, nowMs);
    await store(about("The branch in town opens at nine."));
    const conversation = keys.openConversation({ knowledgeBases: [kb.record.conversationId] });
    expect((await ask(conversation, "When does the branch open?")).text).toContain("nine");
    await store(about("The cellar has a vault for rent."));
    expect((await ask(conversation, "Is there a vault for rent?")).text).toContain("cellar");
    expect((await ask(conversation, "And when does the branch open?")).text).toContain("nine");
    keys.erase(kb.record.conversationId);
    expect((await ask(conversation, "When does the branch open?")).sources).toEqual([]);
  });

  it("believes an envelope and not the row that it lies in", async () => {
    const conversation = keys.openConversation();
    const stranger = keys.openConversation();
    const stolen = passage(keys, stranger.record, { text: "The treasure lies under the old oak." }, nowMs);
    await store({ ...stolen, conversationId: conversation.record.conversationId });
    expect((await ask(conversation, "Where does the treasure lie?")).text).not.toContain("oak");
  });

  it("takes nobody's chat for a knowledge base, whatever the admission lists", async () => {
    const stranger = keys.openConversation();
    await store(passage(keys, stranger.record, { text: "The treasure lies under the old oak." }, nowMs));
    const conversation = keys.openConversation({ knowledgeBases: [stranger.record.conversationId] });
    expect((await ask(conversation, "Where does the treasure lie?")).text).not.toContain("oak");
  });

  it("answers nothing to a knowledge base's documents", async () => {
    const kb = keys.openConversation({ kind: "kb" });
    const imported = asked(keys, kb.record, "A document.", nowMs);
    const chat = keys.openConversation();
    await send(imported);
    await ask(chat, "Hello there, anybody home?");
    await ask(keys.openConversation(), "Hello there, anybody home?");
    expect(runtime.requests.map(({ question }) => question)).not.toContain("A document.");
  });

  it.each(GAPS)("answers once when it was stopped %s", async (gap) => {
    await service.close();
    await start(failOnce(gap, "enclave-inference"));
    const conversation = keys.openConversation();
    const question = asked(keys, conversation.record, "Only one answer, please.", nowMs);
    await send(question);
    await eventually(() => {
      expect(service.isReady()).toBe(false);
    });
    await service.close();
    await start();
    await replyTo(question, conversation);
    await ask(conversation, "And one more?");
    expect(await turnsOf(conversation.record)).toHaveLength(2);
    const replies = await repliesFor(question.causeId, conversation);
    expect(new Set(replies.map(({ envelope }) => Buffer.from(envelope).toString("hex"))).size).toBe(1);
  });

  it("waits for a model server that is away", async () => {
    runtime.failures = [new ModelError("MODEL_UNAVAILABLE", "down"), new ModelError("MODEL_UNAVAILABLE", "down")];
    const reply = await ask(keys.openConversation(), "Are you there again?");
    expect(reply.text).not.toBe("");
  });

  it("asks once more after rubbish, then tells the reader that the message failed", async () => {
    const rubbish = () => new ModelError("MODEL_MALFORMED", "rubbish");
    runtime.failures = [rubbish()];
    await ask(keys.openConversation(), "First rubbish, then sense?");
    runtime.failures = [rubbish(), rubbish()];
    const question = asked(keys, keys.openConversation().record, "Rubbish twice?", nowMs);
    await send(question);
    expect(await failureOf(question)).toEqual(["MODEL_MALFORMED"]);
  });

  it("tells the reader when a conversation was erased before it was answered", async () => {
    const conversation = keys.openConversation();
    const question = asked(keys, conversation.record, "Too late?", nowMs);
    keys.erase(conversation.record.conversationId);
    await send(question);
    expect(await failureOf(question)).toEqual(["KEY_DESTROYED"]);
  });

  it("refuses an envelope of another stage", async () => {
    const question = asked(keys, keys.openConversation().record, "A turn.", nowMs, { stage: Stage.TURN });
    await send(question);
    expect(await failureOf(question)).toEqual(["WRONG_STAGE"]);
  });

  it("lets a message wait whose policy is not known yet", async () => {
    const conversation = keys.openConversation();
    const early = asked(keys, conversation.record, "From the future?", nowMs, { policyVersion: 2 });
    await send(early);
    await eventually(async () => {
      const { rows } = await sql`select code from enclave_inference.parked`.execute(db.kysely);
      expect(rows).toEqual([{ code: "POLICY_STALE" }]);
    });
    expect(await repliesFor(early.causeId, conversation)).toEqual([]);
  });

  it("wrote nothing into its log that anybody typed", () => {
    expect(lines.join("\n")).not.toMatch(/beekeeping|refund|bicycle|tandem|PERSON_1|treasure/u);
  });
});
