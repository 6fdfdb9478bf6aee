import { jest } from "@jest/globals";
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { systemClock } from "@cloister/service";
import { silentLog } from "@cloister/testing";
import { securedKafka } from "./secured-kafka.ts";

jest.setTimeout(60_000);

securedKafka(
  "the log on a Kafka that demands TLS and SCRAM, by kafkajs",
  (connection) => new KafkajsMessageLog({ connection, clock: systemClock, log: silentLog }),
);
