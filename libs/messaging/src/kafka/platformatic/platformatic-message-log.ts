import type { Clock, Log } from "@cloister/service";
import type { ConsumeOptions, Consumption, MessageLog, OutgoingRecord, TopicDefinition } from "../../message-log.ts";
import type { KafkaConnection } from "../connection-settings.ts";
import { ProduceQueue } from "../produce-queue.ts";
import { LONGEST_FLOW_DAYS } from "../topic-settings.ts";
import { PlatformaticConsumption } from "./platformatic-consumption.ts";
import { PlatformaticProducer } from "./platformatic-producer.ts";
import { PlatformaticTopics } from "./platformatic-topics.ts";

export interface PlatformaticLogOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the topics that this log creates keep a record, 1 to 7; 7. */
  readonly flowDays?: number;
}

/** The message log on Kafka 3.9 or 4.x, by @platformatic/kafka. */
export class PlatformaticMessageLog implements MessageLog {
  readonly #options: PlatformaticLogOptions;
  readonly #topics: PlatformaticTopics;
  readonly #producer: PlatformaticProducer;
  readonly #queue: ProduceQueue;
  readonly #consumptions = new Set<PlatformaticConsumption>();

  constructor(options: PlatformaticLogOptions) {
    this.#options = options;
    this.#topics = new PlatformaticTopics(options.connection, options.flowDays ?? LONGEST_FLOW_DAYS);
    this.#producer = new PlatformaticProducer(options.connection);
    this.#queue = new ProduceQueue({
      partitionsOf: (topic) => this.#topics.partitionsOf(topic),
      send: (round) => this.#producer.send(round),
    });
  }

  ensureTopics(topics: readonly TopicDefinition[]): Promise<void> {
    return this.#topics.ensure(topics);
  }

  produce(records: readonly OutgoingRecord[]): Promise<void> {
    return this.#queue.produce(records);
  }

  async consume(options: ConsumeOptions): Promise<Consumption> {
    // The group would be joined without a word about a topic that isn't there.
    for (const topic of options.topics) await this.#topics.partitionsOf(topic);
    const consumption = new PlatformaticConsumption(this.#options, options);
    await consumption.join();
    this.#consumptions.add(consumption);
    return consumption;
  }

  /** Ends everything as a killed process would: nothing is committed or handed back. For tests of that. */
  async abandon(): Promise<void> {
    await Promise.all([...this.#consumptions].map((one) => one.abandon()));
    await this.#producer.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumptions].map((one) => one.close()));
    await this.#queue.idle();
    await this.#producer.close();
  }
}
