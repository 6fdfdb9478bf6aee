import type { Clock, Log } from "@cloister/service";
import { isOutage, PartitionKeeper, prepareSchema, type Database, type WakeUps } from "@cloister/storage";
import { sql } from "kysely";
import type { ConsumeOptions, Consumption, MessageLog, OutgoingRecord, TopicDefinition } from "../message-log.ts";
import { MessagingError } from "../messaging-error.ts";
import { PostgresConsumption, topicChannel } from "./consumption.ts";
import { LOG_SCHEMA, logMigrations, logPartitions } from "./log-tables.ts";
import { produce } from "./produce.ts";
import { TopicTable } from "./topic-table.ts";

export interface PostgresLogOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Shared by everything that uses this database in the process, so that records are seen within milliseconds. */
  readonly wakeUps: WakeUps;
  /** How long a missed wake-up can delay a record; 500 ms. */
  readonly pollMs?: number;
  /** How long a member that vanished keeps its partitions; 10 s. */
  readonly leaseMs?: number;
}

/** Handles of PGlite whose leftover leases were cleared: a database of one process has no other members. */
const cleared = new WeakSet<Database>();

/** The message log in the tables of schema `log`, on PostgreSQL 15+ or PGlite. */
export class PostgresMessageLog implements MessageLog {
  readonly #options: PostgresLogOptions;
  readonly #topics: TopicTable;
  readonly #keeper: PartitionKeeper;
  readonly #consumptions = new Set<PostgresConsumption>();

  private constructor(options: PostgresLogOptions) {
    this.#options = options;
    this.#topics = new TopicTable(options.db);
    this.#keeper = new PartitionKeeper(options.db.kysely, logPartitions());
  }

  /** Migrates or checks the schema `log`. @throws StorageError MIGRATION_FAILED, SCHEMA_OUTDATED */
  static async open(options: PostgresLogOptions): Promise<PostgresMessageLog> {
    const { db } = options;
    await prepareSchema(db, LOG_SCHEMA, logMigrations);
    if (db.engine === "pglite" && !cleared.has(db)) {
      cleared.add(db);
      await sql`delete from log.group_member`.execute(db.kysely);
      await sql`update log.group_partition set owner = null`.execute(db.kysely);
    }
    return new PostgresMessageLog(options);
  }

  async ensureTopics(topics: readonly TopicDefinition[]): Promise<void> {
    await this.#reachable(() => this.#topics.ensure(topics));
  }

  async produce(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { db, clock, wakeUps } = this.#options;
    const parts = { db, topics: this.#topics, keeper: this.#keeper, nowMs: clock.nowMs() };
    await this.#reachable(() => produce(parts, records));
    for (const topic of new Set(records.map((record) => record.topic))) wakeUps.wake(topicChannel(topic));
  }

  async consume(options: ConsumeOptions): Promise<PostgresConsumption> {
    const { db, clock, log, wakeUps, pollMs = 500, leaseMs = 10_000 } = this.#options;
    return this.#reachable(async () => {
      const topics = await Promise.all(options.topics.map((name) => this.#topics.get(name)));
      const consumption = new PostgresConsumption({ db, clock, log, wakeUps, topics, pollMs, leaseMs }, options);
      await consumption.join();
      this.#consumptions.add(consumption);
      return consumption;
    });
  }

  /** Ends all consumptions as a killed process would: leases stay until they lapse. For tests of that. */
  async abandon(): Promise<void> {
    await Promise.all([...this.#consumptions].map((one) => one.abandon()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumptions].map((one: Consumption) => one.close()));
  }

  async #reachable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error)) throw error;
      throw new MessagingError("LOG_UNAVAILABLE", "the message log cannot be reached", { cause: error });
    }
  }
}
