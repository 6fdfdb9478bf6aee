import { jest } from "@jest/globals";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { systemClock } from "@cloister/service";
import { silentLog } from "@cloister/testing";
import { kafkaFaults } from "./kafka-faults.ts";

jest.setTimeout(60_000);

kafkaFaults("the log on Kafka, by @platformatic/kafka, under faults", (connection) => {
  const log = new PlatformaticMessageLog({ connection, clock: systemClock, log: silentLog });
  return { log, kill: () => log.abandon() };
});
