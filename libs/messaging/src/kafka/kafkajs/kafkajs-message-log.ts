import type { Clock, Log } from "@cloister/service";
import type { ConsumeOptions, Consumption, MessageLog, OutgoingRecord, TopicDefinition } from "../../message-log.ts";
import type { KafkaConnection } from "../connection-settings.ts";
import { ProduceQueue } from "../produce-queue.ts";
import { LONGEST_FLOW_DAYS } from "../topic-settings.ts";
import { KafkajsConsumption } from "./kafkajs-consumption.ts";
import { KafkajsProducer } from "./kafkajs-producer.ts";
import { KafkajsTopics } from "./kafkajs-topics.ts";

export interface KafkajsLogOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly log: Log;
  /** How long the topics that this log creates keep a record, 1 to 7; 7. */
  readonly flowDays?: number;
}

/** The message log on Kafka 3.9 or 4.x, by kafkajs. */
export class KafkajsMessageLog implements MessageLog {
  readonly #options: KafkajsLogOptions;
  readonly #topics: KafkajsTopics;
  readonly #producer: KafkajsProducer;
  readonly #queue: ProduceQueue;
  readonly #consumptions = new Set<KafkajsConsumption>();

  constructor(options: KafkajsLogOptions) {
    this.#options = options;
    this.#topics = new KafkajsTopics(options.connection, options.flowDays ?? LONGEST_FLOW_DAYS);
    this.#producer = new KafkajsProducer(options.connection);
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
    for (const topic of options.topics) await this.#topics.partitionsOf(topic);
    const consumption = new KafkajsConsumption(this.#options, options);
    await consumption.join();
    this.#consumptions.add(consumption);
    return consumption;
  }

  /** Ends everything as a killed process would: nothing is committed or handed back. For tests of that. */
  abandon(): void {
    for (const one of this.#consumptions) one.abandon();
    this.#producer.sever();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumptions].map((one) => one.close()));
    await this.#queue.idle();
    await this.#producer.close();
  }
}
