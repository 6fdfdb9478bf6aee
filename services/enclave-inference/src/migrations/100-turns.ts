import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** Questions and answers, sealed. */
export const turns: SchemaMigration = {
  async up(db, schema) {
    await sql`create table ${sql.id(schema, "turn")} (
      tenant_id bytea not null,
      conversation_id bytea not null,
      cause_id bytea not null,
      asked_at_ms bigint not null,
      log_offset bigint not null,
      envelope bytea not null,
      bucket_end_ms bigint not null,
      primary key (conversation_id, cause_id, bucket_end_ms))
      partition by list (bucket_end_ms)`.execute(db);
    await sql`create index on ${sql.id(schema, "turn")} (conversation_id, asked_at_ms)`.execute(db);
  },
};
