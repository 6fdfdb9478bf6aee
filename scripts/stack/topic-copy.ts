import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { topics } from "@cloister/contracts/topics";
import type { Consumption, LogRecord } from "@cloister/messaging";
import { PlatformaticMessageLog } from "@cloister/messaging/kafka/platformatic";
import { createLog, systemClock } from "@cloister/service";
import type { SearchedPlace } from "@cloister/canary";

/** Every record of the pipeline's topics, as an operator copies them: a consumer of its own, from the oldest on. */
export class TopicCopy {
  readonly #records: LogRecord[] = [];
  readonly #log: PlatformaticMessageLog;
  #consumption: Consumption | undefined;

  private constructor(brokers: readonly string[]) {
    const log = createLog({ service: "operator", destination: { write: () => undefined } });
    this.#log = new PlatformaticMessageLog({ connection: { brokers, clientId: "operator" }, clock: systemClock, log });
  }

  static async start(brokers: readonly string[]): Promise<TopicCopy> {
    const copy = new TopicCopy(brokers);
    copy.#consumption = await copy.#log.consume({
      group: `operator-${randomBytes(8).toString("hex")}`,
      topics: [topics.inbound, topics.redacted, topics.replies],
      onAssigned: () => Promise.resolve(),
      onBatch: ({ records }) => {
        copy.#records.push(...records);
        return Promise.resolve();
      },
      onFatal: () => undefined,
    });
    return copy;
  }

  /** The record of a topic that `isWanted` takes, waited for a while; undefined when none comes. */
  async find(
    topic: string,
    isWanted: (record: LogRecord) => boolean,
    timeoutMs = 5_000,
  ): Promise<LogRecord | undefined> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.#records.findLast((record) => record.topic === topic && isWanted(record));
      if (found !== undefined || performance.now() > endMs) return found;
      await pause(20);
    }
  }

  countOf(topic: string): number {
    return this.#records.filter((record) => record.topic === topic).length;
  }

  /** The values of all records, a place a topic. */
  places(): SearchedPlace[] {
    return [...Map.groupBy(this.#records, ({ topic }) => topic)].map(([topic, records]) => ({
      place: `topic ${topic}`,
      chunks: records.map(({ value }) => value),
    }));
  }

  async close(): Promise<void> {
    await this.#consumption?.close();
    await this.#log.close();
  }
}
