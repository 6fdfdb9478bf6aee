import { Admin, Consumer, MessagesStreamFallbackModes, MessagesStreamModes, Producer } from "@platformatic/kafka";
import { PARTITIONS, type Contender, type Message } from "./contender.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** @platformatic/kafka and nothing else: what its stream brings in a turn goes on together, offsets once a second. */
export function barePlatformatic(brokers: readonly string[]): Contender {
  const base = { bootstrapBrokers: [...brokers], clientId: "bench" };
  const producer = new Producer({ ...base, idempotent: true, retries: 3 });
  const consumers: Consumer[] = [];
  return {
    ensureTopics: async (names) => {
      const admin = new Admin(base);
      await admin.createTopics({ topics: [...names], partitions: PARTITIONS, replicas: 1 });
      await admin.close();
    },
    send: oneAtATime((messages) =>
      producer.send({
        messages: messages.map(({ topic, key, value }) => ({
          topic,
          key: Buffer.from(key),
          value: Buffer.from(value),
        })),
      }),
    ),
    consume: async (topic, handle) => {
      const consumer = new Consumer({ ...base, groupId: `bench-${topic}`, maxWaitTime: 500 });
      consumers.push(consumer);
      const stream = await consumer.consume({
        topics: [topic],
        mode: MessagesStreamModes.COMMITTED,
        fallbackMode: MessagesStreamFallbackModes.EARLIEST,
        autocommit: 1_000,
      });
      let turn: Message[] = [];
      stream.on("data", (message) => {
        if (turn.push(message) > 1) return;
        setImmediate(() => {
          void handle(turn);
          turn = [];
        });
      });
    },
    close: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close(true)));
      await producer.close();
    },
  };
}
