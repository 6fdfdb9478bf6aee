import { createHash } from "node:crypto";
import { topics } from "@cloister/contracts/topics";
import { PostgresMessageLog, type MessageLog, type OutgoingRecord } from "@cloister/messaging";
import { KafkajsMessageLog } from "@cloister/messaging/kafka/kafkajs";
import { createLog, systemClock as clock } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";
import type { Deployment } from "./deployment.ts";

const log = createLog({ service: "injector", level: "silent" });

/** Somebody who can write to the pipeline's topics, and read them. */
export class Injector {
  readonly #messages: MessageLog;
  readonly #close: () => Promise<void>;

  private constructor(messages: MessageLog, close: () => Promise<void>) {
    this.#messages = messages;
    this.#close = close;
  }

  static async at({ kafka, postgres }: Deployment): Promise<Injector> {
    if (kafka !== undefined) {
      const connection = { brokers: kafka.bootstrapServers, clientId: "injector" };
      const messages = new KafkajsMessageLog({ connection, clock, log });
      return new Injector(messages, () => messages.close());
    }
    const db = await openDatabase({ engine: "postgres", url: postgres.url });
    const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
    return new Injector(messages, async () => {
      await messages.close();
      await db.close();
    });
  }

  async produce(records: readonly OutgoingRecord[]): Promise<void> {
    await this.#messages.produce(records);
  }

  /**
   * Produces everything that comes to the pipeline's topics once more, each batch backwards.
   * @returns how to end that, and how many records were copied
   */
  async copyEverything(): Promise<() => Promise<number>> {
    const seen = new Set<string>();
    const consumption = await this.#messages.consume({
      group: "copies",
      topics: [topics.inbound, topics.redacted, topics.replies],
      onAssigned: async () => undefined,
      onBatch: async ({ records }) => {
        const copies = records.filter(({ value }) => {
          const hash = createHash("sha256").update(value).digest("base64");
          const isNew = !seen.has(hash);
          seen.add(hash);
          return isNew;
        });
        copies.reverse();
        if (copies.length > 0) await this.#messages.produce(copies);
      },
      onFatal: () => undefined,
    });
    return async () => {
      await consumption.close();
      return seen.size;
    };
  }

  close(): Promise<void> {
    return this.#close();
  }
}
