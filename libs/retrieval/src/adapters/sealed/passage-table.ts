import {
  ofTenantsInView,
  protectTenantRows,
  type Migrations,
  type PartitionedTable,
  type SchemaGrant,
} from "@cloister/storage";
import { sql } from "kysely";

export interface PassageRow {
  bucket_end_ms: number;
  tenant_id: Uint8Array;
  conversation_id: Uint8Array;
  cause_id: Uint8Array;
  passage_number: number;
  subject_ref: Uint8Array | null;
  envelope: Uint8Array;
  /** Of its segment, when it was stored. */
  revision: number;
}

/** What a conversation has in a bucket: the version of it, so that a reader need not fetch again what it has. */
export interface SegmentRow {
  bucket_end_ms: number;
  tenant_id: Uint8Array;
  conversation_id: Uint8Array;
  subject_ref: Uint8Array | null;
  /** Grows when passages are removed. */
  epoch: number;
  /** Grows when passages are stored. */
  revision: number;
  /** Of ProtectedStoreName; null where not all of its passages have a protected vector there. */
  protected_in: string | null;
}

/** Of the schema that embedding owns. The views are all that another service may be granted, and to read only. */
export interface PassageTables {
  passage: PassageRow;
  segment: SegmentRow;
  passage_view: PassageRow;
  segment_view: SegmentRow;
}

export const passageSchema = "embedding";

export const passagePartitions: PartitionedTable[] = [
  { schema: passageSchema, table: "passage" },
  { schema: passageSchema, table: "segment" },
];

/** What embedding does with its passages. */
export const passageGrants = {
  passage: ["select", "insert", "delete"],
  segment: ["select", "insert", "update"],
  passage_view: ["select"],
  segment_view: ["select"],
} satisfies SchemaGrant["tables"];

/** What inference does: it reads, through the views alone. */
export const passageReadGrant: SchemaGrant = {
  to: "inference",
  tables: { passage_view: ["select"], segment_view: ["select"] },
};

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
  "110_segments": {
    async up(db, schema) {
      const passage = sql.id(schema, "passage");
      const segment = sql.id(schema, "segment");
      await sql`alter table ${passage} add column revision bigint not null default 0`.execute(db);
      await sql`create or replace view ${sql.id(schema, "passage_view")} as
        select bucket_end_ms, tenant_id, conversation_id, cause_id, passage_number, subject_ref, envelope, revision
        from ${passage}`.execute(db);
      await sql`create table ${segment} (
        bucket_end_ms bigint not null,
        tenant_id bytea not null,
        conversation_id bytea not null,
        subject_ref bytea,
        epoch bigint not null,
        revision bigint not null,
        primary key (tenant_id, conversation_id, bucket_end_ms))
        partition by list (bucket_end_ms)`.execute(db);
      await sql`create index on ${segment} (tenant_id, subject_ref) where subject_ref is not null`.execute(db);
      await sql`create view ${sql.id(schema, "segment_view")} as
        select bucket_end_ms, tenant_id, conversation_id, subject_ref, epoch, revision from ${segment}`.execute(db);
      // What was stored before has buckets of its own already: each gets its partition and its rows.
      const { rows } = await sql<{ bucket_end_ms: string | number }>`
        select distinct bucket_end_ms from ${passage}`.execute(db);
      for (const { bucket_end_ms: end } of rows) {
        await sql`create table ${sql.id(schema, `segment_b${end}`)} partition of ${segment}
          for values in (${sql.lit(Number(end))})`.execute(db);
      }
      await sql`insert into ${segment}
        select bucket_end_ms, tenant_id, conversation_id, (array_agg(subject_ref))[1], 0, 0
        from ${passage} group by bucket_end_ms, tenant_id, conversation_id`.execute(db);
    },
  },
  "120_protected_segments": {
    async up(db, schema) {
      const segment = sql.id(schema, "segment");
      await sql`alter table ${segment} add column protected_in text`.execute(db);
      await sql`create or replace view ${sql.id(schema, "segment_view")} as
        select bucket_end_ms, tenant_id, conversation_id, subject_ref, epoch, revision, protected_in
        from ${segment}`.execute(db);
    },
  },
  "130_rows_by_tenant": {
    async up(db, schema) {
      for (const table of ["passage", "segment"]) await protectTenantRows(db, { schema, table });
      await sql`create or replace view ${sql.id(schema, "passage_view")} with (security_barrier = true) as
        select bucket_end_ms, tenant_id, conversation_id, cause_id, passage_number, subject_ref, envelope, revision
        from ${sql.id(schema, "passage")} where ${ofTenantsInView(schema, "passage")}`.execute(db);
      await sql`create or replace view ${sql.id(schema, "segment_view")} with (security_barrier = true) as
        select bucket_end_ms, tenant_id, conversation_id, subject_ref, epoch, revision, protected_in
        from ${sql.id(schema, "segment")} where ${ofTenantsInView(schema, "segment")}`.execute(db);
    },
  },
};
