import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { createLog, systemClock as clock } from "@cloister/service";
import { PARTITIONS, type Contender } from "./contender.ts";

const HOUR_MS = 60 * 60 * 1_000;

/** The message log as the services have it. */
export function adapter(client: "kafkajs" | "platformatic", brokers: readonly string[]): Contender {
  const options = {
    connection: { brokers, clientId: "bench" },
    clock,
    log: createLog({ service: "bench", level: "error" }),
  };
  const log = client === "kafkajs" ? new KafkajsMessageLog(options) : new PlatformaticMessageLog(options);
  const bucketEndMs = (Math.floor(Date.now() / HOUR_MS) + 24) * HOUR_MS;
  return {
    ensureTopics: (names) => log.ensureTopics(names.map((name) => ({ name, partitions: PARTITIONS }))),
    send: (topic, messages) => log.produce(messages.map(({ key, value }) => ({ topic, key, value, bucketEndMs }))),
    consume: async (topic, handle) => {
      await log.consume({
        group: `bench-${topic}`,
        topics: [topic],
        onAssigned: () => Promise.resolve(),
        onBatch: ({ records }) => handle(records),
        onFatal: (error) => {
          throw error;
        },
      });
    },
    close: () => log.close(),
  };
}
