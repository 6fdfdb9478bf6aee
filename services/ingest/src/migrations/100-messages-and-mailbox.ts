import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** What was accepted (to tell a repetition from a reused id), and the replies that wait for their readers. */
export const messagesAndMailbox: SchemaMigration = {
  async up(db, schema) {
    await sql`
      create table ${sql.id(schema, "accepted_message")} (
        bucket_end_ms bigint not null,
        tenant_id bytea not null,
        message_id bytea not null,
        -- SHA-256 of the whole envelope.
        envelope_hash bytea not null,
        primary key (tenant_id, message_id, bucket_end_ms)
      ) partition by list (bucket_end_ms)`.execute(db);
    await sql`
      create table ${sql.id(schema, "mailbox")} (
        bucket_end_ms bigint not null,
        tenant_id bytea not null,
        conversation_id bytea not null,
        -- Of the record on the log; the event's id for its reader.
        log_offset bigint not null,
        -- A serialized ReplyEvent: sealed, or a status.
        event bytea not null,
        primary key (tenant_id, conversation_id, log_offset, bucket_end_ms)
      ) partition by list (bucket_end_ms)`.execute(db);
  },
};
