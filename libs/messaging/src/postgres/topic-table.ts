import { inTransaction, type Database } from "@cloister/storage";
import { sql } from "kysely";
import type { TopicDefinition } from "../message-log.ts";
import { MessagingError } from "../messaging-error.ts";

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
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const { rows } = await sql<TopicRow>`select id, name, partitions from log.topic`.execute(this.#db.kysely);
    for (const row of rows) this.#byName.set(row.name, row);
    const row = this.#byName.get(name);
    if (row === undefined) throw new MessagingError("UNKNOWN_TOPIC", `there is no topic ${name}; create it first`);
    return row;
  }

  /** @throws MessagingError TOPIC_MISMATCH */
  async ensure(topics: readonly TopicDefinition[]): Promise<void> {
    for (const wanted of topics) {
      await this.#create(wanted);
      const made = await this.get(wanted.name);
      if (made.partitions === wanted.partitions) continue;
      const facts = `${made.partitions} partitions, not ${wanted.partitions}`;
      throw new MessagingError("TOPIC_MISMATCH", `the topic ${wanted.name} has ${facts}; that cannot change`);
    }
  }

  async #create({ name, partitions }: TopicDefinition): Promise<void> {
    await inTransaction(this.#db.kysely, async (tx) => {
      const { rows } = await sql<{ id: number }>`
        insert into log.topic (name, partitions) values (${name}, ${partitions})
        on conflict (name) do nothing returning id`.execute(tx);
      const id = rows[0]?.id;
      if (id === undefined) return;
      await sql`insert into log.topic_partition (topic_id, part, next_off)
        select ${id}::integer, part, 0 from generate_series(0, ${partitions}::integer - 1) as part`.execute(tx);
    });
  }
}
