import { type Database, noTenant, onDatabase, sqlState } from "@cloister/storage";
import { sql } from "kysely";
import type { TopicDefinition } from "../message-log.ts";
import { MessagingError } from "../messaging-error.ts";
import { insertTopic, LOG_SCHEMA } from "./log-tables.ts";

const INSUFFICIENT_PRIVILEGE = "42501";

export interface TopicRow {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
}

/** Topics never change once made, so each is read once. */
export class TopicTable {
  readonly #db: Database;
  readonly #byName = new Map<string, TopicRow>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws MessagingError UNKNOWN_TOPIC */
  async get(name: string): Promise<TopicRow> {
    const row = await this.#find(name);
    if (row === undefined) throw new MessagingError("UNKNOWN_TOPIC", `there is no topic ${name}; create it first`);
    return row;
  }

  /**
   * Makes what is missing, which takes the rights of the log's owner.
   * @throws MessagingError TOPIC_MISMATCH; UNKNOWN_TOPIC when one is missing and may not be made
   */
  async ensure(topics: readonly TopicDefinition[]): Promise<void> {
    for (const wanted of topics) {
      const made = (await this.#find(wanted.name)) ?? (await this.#make(wanted));
      if (made.partitions === wanted.partitions) continue;
      const facts = `${made.partitions} partitions, not ${wanted.partitions}`;
      throw new MessagingError("TOPIC_MISMATCH", `the topic ${wanted.name} has ${facts}; that cannot change`);
    }
  }

  async #make(wanted: TopicDefinition): Promise<TopicRow> {
    try {
      await onDatabase(noTenant, () => insertTopic(this.#db.kysely, LOG_SCHEMA, wanted));
    } catch (error) {
      if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      const sentence = `there is no topic ${wanted.name}, and this role makes none; run \`cloister migrate apply\``;
      throw new MessagingError("UNKNOWN_TOPIC", sentence, { cause: error });
    }
    return this.get(wanted.name);
  }

  async #find(name: string): Promise<TopicRow | undefined> {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { rows } = await sql<TopicRow>`select id, name, partitions from log.topic`.execute(this.#db.kysely);
    for (const row of rows) this.#byName.set(row.name, row);
    return this.#byName.get(name);
  }
}
