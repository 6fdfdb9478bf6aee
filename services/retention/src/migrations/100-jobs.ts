import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** Purges with their receipts, and the lease by which one instance purges at a time. */
export const jobs: SchemaMigration = {
  async up(db, schema) {
    await sql`create table ${sql.id(schema, "job")} (
      id uuid primary key,
      state text not null,
      due_at_ms bigint not null,
      started_at_ms bigint not null,
      updated_at_ms bigint not null,
      details text not null)`.execute(db);
    await sql`create table ${sql.id(schema, "receipt")} (
      job_id uuid not null,
      part integer not null,
      tenant_id bytea not null,
      issued_at_ms bigint not null,
      note text not null,
      primary key (job_id, part))`.execute(db);
    await sql`create table ${sql.id(schema, "lease")} (
      name text primary key,
      holder uuid not null,
      until_ms bigint not null)`.execute(db);
  },
};
