import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** Sealed placeholder maps, and what is kept of a conversation in clear. */
export const placeholderMaps: SchemaMigration = {
  async up(db, schema) {
    await sql`create table ${sql.id(schema, "map_entry")} (
      tenant_id bytea not null,
      conversation_id bytea not null,
      message_id bytea not null,
      envelope bytea not null,
      bucket_end_ms bigint not null,
      primary key (conversation_id, message_id, bucket_end_ms)) partition by list (bucket_end_ms)`.execute(db);
    await sql`create table ${sql.id(schema, "conversation")} (
      tenant_id bytea not null,
      conversation_id bytea primary key,
      counters text not null,
      highest_seq bigint not null,
      seen bytea not null,
      expires_at_ms bigint not null)`.execute(db);
  },
};
