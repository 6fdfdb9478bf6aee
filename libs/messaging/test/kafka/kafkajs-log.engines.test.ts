import { jest } from "@jest/globals";
import { systemClock } from "@cloister/service";
import { describeOnKafka, messageLogContract, silentLog } from "@cloister/testing";
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";

jest.setTimeout(60_000);

/** The shortest that a broker allows by default. */
const sessionTimeoutMs = 6_000;

describeOnKafka("the log on Kafka, by kafkajs", {}, (kafka) => {
  messageLogContract("the log on Kafka, by kafkajs", () => {
    const logs = new Map<unknown, KafkajsMessageLog>();
    return Promise.resolve({
      takeOverMs: sessionTimeoutMs + 1_000,
      open: () => {
        const brokers = kafka().bootstrapServers;
        const connection = { brokers, clientId: "contract", sessionTimeoutMs };
        const log = new KafkajsMessageLog({ connection, clock: systemClock, log: silentLog });
        logs.set(log, log);
        return Promise.resolve(log);
      },
      kill: (log) => {
        logs.get(log)?.abandon();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  });
});
