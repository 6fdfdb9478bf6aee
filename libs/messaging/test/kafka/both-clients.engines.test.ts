import { afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { Admin } from "@platformatic/kafka";
import type { MessageLog } from "@cloister/messaging";
import type { KafkaConnection } from "@cloister/messaging/kafka";
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { systemClock } from "@cloister/service";
import { describeOnKafka, eventually, Reader, recordOf, silentLog } from "@cloister/testing";
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

jest.setTimeout(90_000);

const clients = ["kafkajs", "platformatic"] as const;
type Client = (typeof clients)[number];
/** The shortest that a broker allows by default. */
const sessionTimeoutMs = 6_000;
const root = join(import.meta.dirname, "../../../..");

// With an option of its own, so that it is a broker without topics.
describeOnKafka("the log on Kafka, by either client", { brokers: 1 }, (kafka) => {
  const opened: MessageLog[] = [];
  let topicNumber = 0;

  const open = (client: Client): MessageLog => {
    const log = logBy(client, { brokers: kafka().bootstrapServers, clientId: client, sessionTimeoutMs });
    opened.push(log);
    return log;
  };
  const newTopic = async (): Promise<string> => {
    const topic = `either.${++topicNumber}.v1`;
    await open("platformatic").ensureTopics([{ name: topic, partitions: 4 }]);
    return topic;
  };

  beforeAll(async () => {
    await promisify(execFile)(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), "-b", "libs/messaging"],
      {
        cwd: root,
      },
    );
  }, 180_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()));
  }, 60_000);

  describe.each(clients)("%s", (client) => {
    it("reads on for as long as there is something, however slowly it is taken", async () => {
      const topic = await newTopic();
      const log = open(client);
      const slow = { maxBatchRecords: 7, maxConcurrency: 2, onBatch: () => delay(2) };
      const reader = await Reader.start(log, { group: topic, topics: [topic], ...slow });
      const texts = Array.from({ length: 3_000 }, (_, n) => String(n));
      for (let from = 0; from < texts.length; from += 100) {
        await log.produce(texts.slice(from, from + 100).map((text, n) => recordOf(topic, `key${n % 16}`, text)));
        await delay(5);
      }
      await eventually(() => expect(reader.records).toHaveLength(texts.length), { timeoutMs: 60_000 });
      expect(new Set(reader.texts()).size).toBe(texts.length);
    });

    it("gives what a killed process had in work to another member", async () => {
      const topic = await newTopic();
      const log = open(client);
      await log.produce([recordOf(topic, "a", "in work")]);
      const program = join(import.meta.dirname, "member-process.ts");
      const brokers = kafka().bootstrapServers.join(",");
      const member = fork(program, [client, brokers, topic, topic, String(sessionTimeoutMs)], { execArgv: [] });
      await once(member, "message");
      const reader = await Promise.all([
        Reader.start(log, { group: topic, topics: [topic] }),
        delay(500).then(() => member.kill("SIGKILL")),
      ]).then(([one]) => one);
      await eventually(() => expect(reader.texts()).toEqual(["in work"]), { timeoutMs: 40_000 });
    });
  });

  it("shares a group between both clients, so that one can replace the other instance by instance", async () => {
    const topic = await newTopic();
    const [old, young] = [open("kafkajs"), open("platformatic")];
    const before = await Reader.start(old, { group: topic, topics: [topic] });
    await eventually(() => expect(before.assigned).toHaveLength(4));
    const after = await Reader.start(young, { group: topic, topics: [topic] });
    await eventually(() => expect(after.assigned).toHaveLength(2));
    const keys = Array.from({ length: 16 }, (_, n) => `key${n}`);
    await old.produce(keys.map((key) => recordOf(topic, key, key)));
    await eventually(() => expect([...before.texts(), ...after.texts()].sort()).toEqual(keys.toSorted()));
    await before.close();
    await young.produce(keys.map((key) => recordOf(topic, key, `${key} again`)));
    const again = keys.map((key) => `${key} again`);
    await eventually(() => expect(after.texts()).toEqual(expect.arrayContaining(again)));
  });
});

describeOnKafka("the log on two brokers", { brokers: 2 }, (kafka) => {
  it.each(clients)("takes no record as written that one of its copies lacks: %s", async (client) => {
    const topic = `copies.${client}.v1`;
    const brokers = kafka().bootstrapServers;
    const admin = new Admin({ clientId: "test", bootstrapBrokers: [...brokers] });
    await admin.createTopics({
      topics: [{ topic, partitions: -1, replicas: -1, assignments: [{ partition: 0, brokers: [1, 2] }] }],
    });
    await admin.close();
    const log = logBy(client, { brokers: brokers.slice(0, 1), clientId: client, requestTimeoutMs: 1_500 });
    await eventually(() => log.produce([recordOf(topic, "a", "by both")]));
    // The leader answers on; it would take the record by itself if it were asked for no more.
    kafka().broker(2).suspend();
    const produced = log.produce([recordOf(topic, "a", "by one")]);
    await expect(produced).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
    kafka().broker(2).resume();
    await log.close();
  });
});

function logBy(client: Client, connection: KafkaConnection): MessageLog {
  const options = { connection, clock: systemClock, log: silentLog };
  return client === "kafkajs" ? new KafkajsMessageLog(options) : new PlatformaticMessageLog(options);
}
