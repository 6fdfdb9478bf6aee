import { jest } from "@jest/globals";
import { systemClock } from "@cloister/service";
import { describeOnKafka, messageLogContract, silentLog } from "@cloister/testing";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";

jest.setTimeout(60_000);

/** The shortest that a broker allows by default. */
const sessionTimeoutMs = 6_000;

describeOnKafka("the log on Kafka, by @platformatic/kafka", {}, (kafka) => {
  messageLogContract("the log on Kafka, by @platformatic/kafka", () => {
    const logs = new Map<unknown, PlatformaticMessageLog>();
    return Promise.resolve({
      takeOverMs: sessionTimeoutMs + 1_000,
      open: () => {
        const brokers = kafka().bootstrapServers;
        const connection = { brokers, clientId: "contract", sessionTimeoutMs };
        const log = new PlatformaticMessageLog({
          connection,
          clock: systemClock,
          log: silentLog,
        });
        logs.set(log, log);
        return Promise.resolve(log);
      },
      kill: async (log) => logs.get(log)?.abandon(),
      close: () => Promise.resolve(),
    });
  });
});
