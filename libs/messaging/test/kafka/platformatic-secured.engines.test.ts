import { jest } from "@jest/globals";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { systemClock } from "@cloister/service";
import { silentLog } from "@cloister/testing";
import { securedKafka } from "./secured-kafka.ts";

jest.setTimeout(60_000);

securedKafka(
  "the log on a Kafka that demands TLS and SCRAM, by @platformatic/kafka",
  (connection) => new PlatformaticMessageLog({ connection, clock: systemClock, log: silentLog }),
);
