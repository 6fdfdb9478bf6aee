import type { Database } from "@cloister/storage";
import { sql, type Kysely } from "kysely";

const TABLES = ["tenant", "policy", "conversation", "conversation_secret", "bucket_key", "tombstone"] as const;

/** A copy of all that `keys` keeps, which the operator made before something was destroyed. */
export class KeysBackup {
  readonly #db: Kysely<unknown>;

  private constructor(db: Kysely<unknown>) {
    this.#db = db;
  }

  static async of({ kysely: db }: Database): Promise<KeysBackup> {
    await sql`drop schema if exists backup cascade`.execute(db);
    await sql`create schema backup`.execute(db);
    for (const table of TABLES) {
      await sql`create table ${sql.id("backup", table)} as select * from ${sql.id("keys", table)}`.execute(db);
    }
    return new KeysBackup(db);
  }

  /** Brings back what was there and takes away what came since, tombstones included. */
  async restore(): Promise<void> {
    for (const table of TABLES.toReversed()) await sql`delete from ${sql.id("keys", table)}`.execute(this.#db);
    for (const table of TABLES) {
      await sql`insert into ${sql.id("keys", table)} overriding system value
        select * from ${sql.id("backup", table)}`.execute(this.#db);
    }
  }
}
