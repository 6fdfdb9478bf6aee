import { Kafka, logLevel, type Consumer } from "kafkajs";
import { PARTITIONS, type Contender } from "./contender.ts";
import { oneAtATime } from "./one-at-a-time.ts";

const ALL_IN_SYNC = -1;

/** kafkajs and nothing else, as its documentation has it: what it fetches goes on at once, offsets are committed by itself. */
export async function bareKafkajs(brokers: readonly string[]): Promise<Contender> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: "bench", logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  const consumers: Consumer[] = [];
  await producer.connect();
  return {
    ensureTopics: async (names) => {
      const admin = kafka.admin();
      await admin.connect();
      await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: PARTITIONS })) });
      await admin.disconnect();
    },
    send: oneAtATime((messages) =>
      producer.sendBatch({
        acks: ALL_IN_SYNC,
        topicMessages: [...Map.groupBy(messages, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
          topic,
          messages: ofTopic.map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) })),
        })),
      }),
    ),
    consume: async (topic, handle) => {
      const consumer = kafka.consumer({ groupId: `bench-${topic}`, maxWaitTimeInMs: 200 });
      consumers.push(consumer);
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
      await consumer.run({
        autoCommitInterval: 1_000,
        partitionsConsumedConcurrently: PARTITIONS,
        eachBatch: ({ batch }) =>
          handle(
            batch.messages.map(({ key, value }) => ({ key: key ?? Buffer.alloc(0), value: value ?? Buffer.alloc(0) })),
          ),
      });
      await joined;
    },
    close: async () => {
      await Promise.all(consumers.map((consumer) => consumer.disconnect()));
      await producer.disconnect();
    },
  };
}
