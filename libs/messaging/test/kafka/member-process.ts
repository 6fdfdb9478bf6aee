/** A member of a group as a process of its own, which begins a batch and never ends it. Run from the build. */
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { createLog, systemClock as clock } from "@cloister/service";

const [client = "", brokers = "", group = "", topic = "", sessionTimeoutMs = ""] = process.argv.slice(2);
const connection = { brokers: brokers.split(","), clientId: "member", sessionTimeoutMs: Number(sessionTimeoutMs) };
const options = { connection, clock, log: createLog({ service: "member", level: "silent" }) };
const log = client === "kafkajs" ? new KafkajsMessageLog(options) : new PlatformaticMessageLog(options);
await log.consume({
  group,
  topics: [topic],
  onAssigned: () => Promise.resolve(),
  onBatch: ({ records }) => {
    process.send?.(records.length);
    return new Promise(() => undefined);
  },
  onFatal: () => process.exit(1),
});
