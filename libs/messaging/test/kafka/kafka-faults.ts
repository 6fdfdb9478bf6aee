import { afterEach, expect, it } from "@jest/globals";
import { Kafka, logLevel, type Admin } from "kafkajs";
import { setTimeout as delay } from "node:timers/promises";
import type { ConsumeOptions, MessageLog } from "@cloister/messaging";
import type { KafkaConnection } from "@cloister/messaging/kafka";
import { describeOnKafka, eventually, Reader, recordOf, textOf } from "@cloister/testing";

/** An adapter, and a way to end it as a killed process would end. */
export interface FaultyLog {
  readonly log: MessageLog;
  kill(): Promise<void>;
}

export type OpenLog = (connection: KafkaConnection) => FaultyLog;

const PARTITIONS = 4;
const sessionTimeoutMs = 6_000;

/** What clients of Kafka are known to do wrong, and a message log on Kafka must not. */
export function kafkaFaults(name: string, openLog: OpenLog): void {
  // With an option of its own, so that it is a broker that may be killed.
  describeOnKafka(name, { brokers: 1 }, (kafka) => {
    const opened: FaultyLog[] = [];
    let topicNumber = 0;

    const open = (more: Partial<KafkaConnection> = {}): FaultyLog => {
      const brokers = kafka().bootstrapServers;
      const one = openLog({ brokers, clientId: "faults", sessionTimeoutMs, requestTimeoutMs: 2_000, ...more });
      opened.push(one);
      return one;
    };
    const newTopic = async (log: MessageLog): Promise<string> => {
      const topic = `faults.${++topicNumber}.v1`;
      await log.ensureTopics([{ name: topic, partitions: PARTITIONS }]);
      return topic;
    };
    const read = (log: MessageLog, topic: string, more: Partial<ConsumeOptions> = {}): Promise<Reader> =>
      Reader.start(log, { group: `of.${topic}`, topics: [topic], ...more });

    afterEach(async () => {
      await Promise.all(opened.splice(0).map(({ log }) => log.close()));
    }, 60_000);

    it("goes on producing and consuming after the broker was killed and came back", async () => {
      const { log } = open();
      const topic = await newTopic(log);
      const reader = await read(log, topic);
      await log.produce([recordOf(topic, "a", "before")]);
      await eventually(() => expect(reader.texts()).toContain("before"));
      await kafka().broker(1).kill();
      await expect(log.produce([recordOf(topic, "a", "meanwhile")])).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
      // Long enough for a client to give its consumer up.
      await delay(6_000);
      await kafka().broker(1).start();
      await untilProduced(log, recordOf(topic, "a", "after"));
      await eventually(() => expect(reader.texts()).toContain("after"));
      expect(reader.fatal).toEqual([]);
      expect(reader.consumption.isJoined()).toBe(true);
    }, 120_000);

    it("loses no record that is produced after a request of unknown outcome", async () => {
      const { log } = open({ requestTimeoutMs: 1_000 });
      const topic = await newTopic(log);
      await log.produce([recordOf(topic, "a", "before")]);
      kafka().broker(1).suspend();
      const unanswered = log.produce([recordOf(topic, "a", "unanswered")]).catch((error: unknown) => error);
      expect(await unanswered).toMatchObject({ code: "LOG_UNAVAILABLE" });
      kafka().broker(1).resume();
      await untilProduced(log, recordOf(topic, "a", "after"));
      const reader = await read(log, topic);
      await eventually(() => expect(reader.texts()).toContain("after"));
    }, 120_000);

    it("finishes a batch in work before its partition goes to another member, which does not get it again", async () => {
      const topic = await newTopic(open().log);
      const [one, two] = [open(), open()];
      const finish: (() => void)[] = [];
      const a = await read(one.log, topic, { onBatch: () => new Promise<void>((resolve) => finish.push(resolve)) });
      const keys = Array.from({ length: 16 }, (_, n) => `key${n}`);
      await one.log.produce(keys.map((key) => recordOf(topic, key, key)));
      await eventually(() => expect(a.records).toHaveLength(keys.length));
      const joining = read(two.log, topic);
      // The rebalance has begun, and waits for the batches.
      await delay(1_500);
      for (const done of finish) done();
      const b = await joining;
      await one.log.produce(keys.map((key) => recordOf(topic, key, `${key} again`)));
      const all = (): string[] => [...a.texts(), ...b.texts()].sort();
      for (const done of finish) done();
      await eventually(() => {
        for (const done of finish) done();
        expect(all()).toEqual(keys.flatMap((key) => [key, `${key} again`]).sort());
      });
      expect(b.records.length).toBeGreaterThan(0);
    }, 90_000);

    it("does not set a group back when a batch ends long after its partition was lost", async () => {
      const topic = await newTopic(open().log);
      const slow = open();
      let finish = (): void => undefined;
      const a = await read(slow.log, topic, { onBatch: () => new Promise<void>((resolve) => (finish = resolve)) });
      await slow.log.produce([recordOf(topic, "a", "first")]);
      await eventually(() => expect(a.records).toHaveLength(1));
      const other = open();
      const b = await read(other.log, topic);
      await other.log.produce([recordOf(topic, "a", "second")]);
      const handled = (): string[] => [...a.texts(), ...b.texts()];
      finish();
      await eventually(() => {
        finish();
        expect(handled()).toContain("second");
      });
      finish();
      await Promise.all([slow.log.close(), other.log.close()]);
      const next = open();
      const c = await read(next.log, topic);
      await next.log.produce([recordOf(topic, "a", "third")]);
      await eventually(() => expect(c.texts()).toEqual(["third"]));
    }, 90_000);

    it("commits nothing beyond a record that keeps failing, whatever other partitions do", async () => {
      const killed = open();
      const topic = await newTopic(killed.log);
      const keys = Array.from({ length: 12 }, (_, n) => `key${n}`);
      const a = await read(killed.log, topic, {
        maxBatchRecords: 1,
        onBatch: ({ records }) =>
          records.some((record) => textOf(record) === "key0:1") ? Promise.reject(new Error("no")) : Promise.resolve(),
      });
      await killed.log.produce([0, 1, 2].flatMap((n) => keys.map((key) => recordOf(topic, key, `${key}:${n}`))));
      const others = await eventually(() => {
        const stuck = a.records.find((record) => textOf(record) === "key0:1");
        expect(stuck).toBeDefined();
        const free = a.records.filter((record) => record.partition !== stuck?.partition);
        expect(free.filter((record) => textOf(record).endsWith(":2")).length).toBeGreaterThan(0);
        return free;
      });
      // Time for what was handled to be committed.
      await delay(500);
      await killed.kill();
      const next = open();
      const b = await read(next.log, topic);
      await eventually(() => expect(b.texts()).toEqual(expect.arrayContaining(["key0:1", "key0:2"])));
      expect(b.texts()).not.toContain("key0:0");
      const again = b.texts().filter((text) => others.some((record) => textOf(record) === text));
      expect(again).toEqual([]);
    }, 90_000);

    it("names a record that the broker finds too large, and loses no other", async () => {
      const { log } = open();
      const topic = `faults.small.v1`;
      await asAdmin(kafka().bootstrapServers, (admin) =>
        admin.createTopics({
          topics: [{ topic, numPartitions: 1, configEntries: [{ name: "max.message.bytes", value: "65536" }] }],
        }),
      );
      const large = { ...recordOf(topic, "a", ""), value: Buffer.alloc(100_000) };
      const produced = log.produce([recordOf(topic, "a", "one"), large, recordOf(topic, "a", "two")]);
      await expect(produced).rejects.toMatchObject({ code: "RECORD_TOO_LARGE" });
      await log.produce([recordOf(topic, "a", "three")]);
      const reader = await read(log, topic);
      await eventually(() => expect(reader.texts()).toEqual(["one", "two", "three"]));
    }, 60_000);

    it("produces many large records of one partition at once, and refuses one over a mebibyte by itself", async () => {
      const { log } = open();
      const topic = await newTopic(log);
      const large = Array.from({ length: 5 }, (_, n) => ({
        ...recordOf(topic, "a", ""),
        value: Buffer.alloc(700_000, n),
      }));
      const full = { ...recordOf(topic, "a", ""), value: Buffer.alloc(1_048_576, 9) };
      await log.produce([...large, full]);
      const over = { ...full, value: Buffer.alloc(1_048_577) };
      await expect(log.produce([over])).rejects.toMatchObject({ code: "RECORD_TOO_LARGE" });
      const reader = await read(log, topic);
      await eventually(() => expect(reader.records.map((one) => one.value[0])).toEqual([0, 1, 2, 3, 4, 9]));
    }, 60_000);

    it("lets several programs create the same topics at once, ready to produce to", async () => {
      const logs = [open(), open(), open()].map(({ log }) => log);
      const topics = Array.from({ length: 4 }, (_, n) => ({ name: `faults.made.${n}.v1`, partitions: 8 }));
      await Promise.all(logs.map((log) => log.ensureTopics(topics)));
      await Promise.all(logs.map((log) => log.produce(topics.map(({ name: topic }) => recordOf(topic, "a", "text")))));
    }, 60_000);

    it("hands over what others wrote as not to be trusted, and goes on", async () => {
      const { log } = open();
      const topic = await newTopic(log);
      const client = new Kafka({ brokers: [...kafka().bootstrapServers], logLevel: logLevel.NOTHING });
      const producer = client.producer({ createPartitioner: () => () => 0 });
      await producer.connect();
      const header = (value: Buffer | Buffer[]) => ({ headers: { "cloister-bucket-end": value } });
      const good = Buffer.from("0000019b76daa800", "hex");
      await producer.send({
        topic,
        messages: [
          { key: "k", value: "no header" },
          { key: null, value: null, ...header(good) },
          { key: "k", value: "short", ...header(good.subarray(1)) },
          { key: "k", value: "twice", ...header([good, good]) },
          { key: "k", value: "no bucket", ...header(Buffer.from("0000019b76daa801", "hex")) },
        ],
      });
      await producer.disconnect();
      await log.produce([recordOf(topic, "a", "ours")]);
      const reader = await read(log, topic);
      await eventually(() => expect(reader.records).toHaveLength(6));
      const foreign = reader.records.filter((record) => textOf(record) !== "ours");
      expect(foreign.map((record) => record.flaw)).toEqual(Array.from({ length: 5 }, () => "RECORD_UNTRUSTED"));
      expect(reader.records.find((record) => textOf(record) === "ours")?.flaw).toBeUndefined();
    }, 60_000);
  });
}

async function untilProduced(log: MessageLog, record: ReturnType<typeof recordOf>): Promise<void> {
  await eventually(() => log.produce([record]), { everyMs: 200 });
}

async function asAdmin(brokers: readonly string[], work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
