import { jest } from "@jest/globals";
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { systemClock } from "@cloister/service";
import { silentLog } from "@cloister/testing";
import { kafkaFaults } from "./kafka-faults.ts";

jest.setTimeout(60_000);

kafkaFaults("the log on Kafka, by kafkajs, under faults", (connection) => {
  const log = new KafkajsMessageLog({ connection, clock: systemClock, log: silentLog });
  const kill = (): Promise<void> => {
    log.abandon();
    return Promise.resolve();
  };
  return { log, kill };
});
