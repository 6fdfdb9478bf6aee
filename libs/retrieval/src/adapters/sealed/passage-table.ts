import type { Migrations, PartitionedTable } from "@cloister/storage";
import { sql } from "kysely";

export interface PassageRow {
  bucket_end_ms: number;
  tenant_id: Uint8Array;
  conversation_id: Uint8Array;
  cause_id: Uint8Array;
  passage_number: number;
  subject_ref: Uint8Array | null;
  envelope: Uint8Array;
}

/** Of the schema that embedding owns. `passage_view` is all that another service may be granted, and to read only. */
export interface PassageTables {
  passage: PassageRow;
  passage_view: PassageRow;
}

export const passageSchema = "embedding";

export const passagePartitions: PartitionedTable[] = [{ schema: passageSchema, table: "passage" }];

export const passageMigrations: Migrations = {
  "100_passages": {
    async up(db, schema) {
      const table = sql.id(schema, "passage");
      await sql`create table ${table} (
        bucket_end_ms bigint not null,
        tenant_id bytea not null,
        conversation_id bytea not null,
        cause_id bytea not null,
        passage_number integer not null,
        subject_ref bytea,
        envelope bytea not null,
        primary key (tenant_id, conversation_id, cause_id, passage_number, bucket_end_ms))
        partition by list (bucket_end_ms)`.execute(db);
      await sql`create index on ${table} (tenant_id, subject_ref) where subject_ref is not null`.execute(db);
      await sql`create view ${sql.id(schema, "passage_view")} as
        select bucket_end_ms, tenant_id, conversation_id, cause_id, passage_number, subject_ref, envelope
        from ${table}`.execute(db);
    },
  },
};
