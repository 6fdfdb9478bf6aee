import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { fromBinary } from "@bufbuild/protobuf";
import { LiveEventSchema } from "@cloister/contracts/events";
import { liveChannel, topics } from "@cloister/contracts/topics";
import {
  createKemPrivateKey,
  createKemPublicKey,
  createVerifyingKey,
  idToHex,
  openEnvelope,
  parseFrame,
  readHeader,
  Stage,
  type KemPrivateKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { PostgresMessageLog } from "@cloister/messaging";
import type { RunningService } from "@cloister/service";
import { InProcessLiveFrames, wakeUpsFor, type Database } from "@cloister/storage";
import { eventually, FakeClock, ManualBeat, readTopic, silentLog, testDatabase } from "@cloister/testing";
import { SimulatedKeys, type SimulatedConversation } from "@cloister/testing/simulated-keys";
import { SimulatedTenant } from "@cloister/testing/tenant";
import { ModelError, startInference, type ModelEvent, type ModelRuntime } from "../../src/index.ts";
import { asked, repliesTo } from "../conversation-world.ts";

const clock = new FakeClock(Date.UTC(2026, 10, 22, 12));
const nowMs = clock.nowMs();
const tenant = new SimulatedTenant(nowMs);
const defaultPolicy = tenant.policy;
const keys = new SimulatedKeys(tenant, () => clock.nowMs());
const source = keys.sourceFor("enclave-inference");
const answer = "It takes five working days. ".repeat(10).trim();

/** Gives the same answer word by word, unless it is told to fail in the middle. */
class WordByWord implements ModelRuntime {
  failures = 0;

  async *answer(): AsyncIterable<ModelEvent> {
    for (const [n, text] of [...answer.matchAll(/\S+\s*/gu)].entries()) {
      if (n === 5 && this.failures > 0) {
        this.failures -= 1;
        throw new ModelError("MODEL_MALFORMED", "rubbish");
      }
      yield await Promise.resolve({ kind: "text", text: text[0] });
    }
    yield { kind: "final", answer: { text: answer, sources: [], model: "words" } };
  }
}

describe("what enclave-inference shows of a running answer", () => {
  const beat = new ManualBeat();
  const liveFrames = new InProcessLiveFrames();
  const runtime = new WordByWord();
  let db: Database;
  let messages: PostgresMessageLog;
  let service: RunningService;

  beforeAll(async () => {
    db = await testDatabase();
    messages = await PostgresMessageLog.open({ db, clock, log: silentLog, wakeUps: wakeUpsFor(db) });
    await messages.ensureTopics([topics.redacted, topics.replies].map((name) => ({ name, partitions: 2 })));
    const ports = { db, messages, clock, log: silentLog, keyring: source, runtime, liveFrames, beat };
    service = await startInference({}, ports);
  });
  afterEach(() => {
    tenant.policy = defaultPolicy;
  });
  afterAll(async () => {
    await service.close();
    await messages.close();
    await db.close();
  });

  /** Asks, lets the beat run until the answer and its stream are over, and gives what was published meanwhile. */
  async function watched(conversation: SimulatedConversation, isHeard = true): Promise<Uint8Array[]> {
    const events: Uint8Array[] = [];
    const { record, clientKey } = conversation;
    const channel = liveChannel(record.tenantId, record.conversationId);
    const leave = isHeard ? liveFrames.subscribe(channel, (event) => events.push(event)) : () => undefined;
    const question = asked(keys, record, "How long does it take?", nowMs);
    await messages.produce([question.record]);
    await eventually(
      async () => {
        beat.tick();
        const records = await readTopic(db, topics.replies);
        const signer = source.signer.publicKeyBytes;
        expect(repliesTo(question.causeId, records, clientKey, signer, nowMs)).toHaveLength(1);
      },
      { everyMs: 5 },
    );
    while (beat.followers > 0) beat.tick();
    await new Promise((resolve) => setTimeout(resolve, 10));
    leave();
    return events;
  }

  /** The texts of each stream, as the holder of that key reads them. */
  function read(events: readonly Uint8Array[], key: KemPrivateKey): string[] {
    const signer = createVerifyingKey(nodeBackend, source.signer.publicKeyBytes);
    const streams = new Map<string, { text: string; open: ReturnType<typeof opened> }>();
    function opened(envelope: Uint8Array) {
      return openEnvelope(nodeBackend, envelope, { keys: [key], signer, nowMs, stream: true });
    }
    for (const bytes of events) {
      const { event } = fromBinary(LiveEventSchema, bytes);
      if (event.case === "opening") {
        const open = opened(event.value.envelope);
        streams.set(idToHex(open.header.messageId), { text: "", open });
      } else if (event.case === "frame") {
        const stream = streams.get(idToHex(parseFrame(event.value).streamId));
        if (stream === undefined) throw new Error("a frame came before its opening");
        stream.text += new TextDecoder().decode(stream.open.stream.open(event.value).text);
      }
    }
    return [...streams.values()].map(({ text }) => text);
  }

  const openings = (events: readonly Uint8Array[]) =>
    events.flatMap((bytes) => {
      const { event } = fromBinary(LiveEventSchema, bytes);
      return event.case === "opening" ? [readHeader(event.value.envelope)] : [];
    });

  it("is signed, sealed to the client, of a stage of its own, and says what the reply says", async () => {
    const conversation = keys.openConversation();
    const events = await watched(conversation);
    expect(read(events, conversation.clientKey)).toEqual([answer]);
    expect(openings(events)).toMatchObject([{ stage: Stage.STREAM, createdAtMs: nowMs, attempt: 0 }]);
  });

  it("is sealed to the recipients of now and to nobody else", async () => {
    const [tool, struckOff] = [1, 2].map(() => createKemPrivateKey(nodeBackend, nodeBackend.randomBytes(32)));
    if (tool === undefined || struckOff === undefined) throw new Error("there are two keys");
    const recipient = (name: string, { publicKeyBytes }: KemPrivateKey) => {
      return { name, key: createKemPublicKey(nodeBackend, publicKeyBytes), mayHaveMap: false };
    };
    const conversation = keys.openConversation({ recipients: [recipient("tool", tool), recipient("old", struckOff)] });
    keys.change(conversation, { recipients: [recipient("tool", tool)] });
    const events = await watched(conversation);
    expect(read(events, tool)).toEqual([answer]);
    expect(() => read(events, struckOff)).toThrow(expect.objectContaining({ code: "NOT_A_RECIPIENT" }));
  });

  it("is a new stream with other keys when the model has to be asked again", async () => {
    runtime.failures = 1;
    const conversation = keys.openConversation();
    const events = await watched(conversation);
    const [first, second] = openings(events);
    expect([first?.attempt, second?.attempt]).toEqual([0, 1]);
    expect(first?.messageId).not.toEqual(second?.messageId);
    expect(read(events, conversation.clientKey).at(-1)).toBe(answer);
  });

  it("is nothing where the policy wants answers whole", async () => {
    tenant.policy = { ...defaultPolicy, liveBeatMs: 0 };
    expect(await watched(keys.openConversation())).toEqual([]);
  });

  it("is nothing while nobody listens", async () => {
    expect(await watched(keys.openConversation(), false)).toEqual([]);
  });
});
