import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** Which receipts said that something was outstanding, until when, and which other receipt closes them. */
export const partialReceipts: SchemaMigration = {
  async up(db, schema) {
    await sql`alter table ${sql.id(schema, "receipt")}
      add column receipt_id bytea,
      add column outstanding text,
      add column partial_until_ms bigint,
      add column closes_part integer`.execute(db);
  },
};
