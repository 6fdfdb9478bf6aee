import {
  bucketMaking,
  protectTenantRows,
  type Migrations,
  type PartitionedTable,
  type SchemaGrant,
  type ServiceRole,
} from "@cloister/storage";
import { sql, type Kysely } from "kysely";

/** The protocol's partitioned tables in a schema, each by the end of the record's `flow` bucket. */
export function protocolPartitions(schema: string): PartitionedTable[] {
  return ["inbox", "outbox", "parked", "dead_letter"].map((table) => ({ schema, table }));
}

/** What the role of a consuming or producing service may do in its own schema: the protocol's part, and its own tables. */
export function protocolGrant(to: ServiceRole, ownTables: SchemaGrant["tables"]): SchemaGrant {
  return {
    to,
    ...bucketMaking,
    sequences: ["outbox_seq_seq"],
    tables: {
      consumer_fence: ["select", "insert", "update"],
      inbox: ["select", "insert", "delete"],
      outbox: ["select", "insert", "delete"],
      parked: ["select", "insert", "update", "delete"],
      dead_letter: ["select", "insert", "delete"],
      ...ownTables,
    },
  };
}

/** The tables of the one protocol, for the schema of each service that consumes or produces. */
export const protocolMigrations: Migrations = {
  "000_protocol": {
    async up(db, schema) {
      for (const create of [fence, inbox, outbox, parked, deadLetter]) await create(db, schema);
    },
  },
  "001_parked_by_tenant": {
    async up(db, schema) {
      await sql`create index on ${sql.id(schema, "parked")} (consumer, tenant_id)`.execute(db);
    },
  },
  "002_rows_by_tenant": {
    async up(db, schema) {
      await protectTenantRows(db, { schema, table: "parked", across: ["protocol"] });
      await protectTenantRows(db, { schema, table: "dead_letter", across: ["protocol"], mayLackTenant: true });
    },
  },
  "003_inbox_by_tenant": { up: inboxByTenant },
};

/** One row a consumer and conversation: what was handled last, and a version that any writer of its state raises. */
async function fence(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "consumer_fence")} (
    consumer text not null,
    conversation_id bytea not null,
    last_offset bigint not null,
    version bigint not null,
    last_bucket_end_ms bigint not null,
    primary key (consumer, conversation_id))`.execute(db);
}

async function inbox(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "inbox")} (
    consumer text not null,
    message_id bytea not null,
    fingerprint bytea not null,
    bucket_end_ms bigint not null,
    primary key (consumer, message_id, bucket_end_ms)) partition by list (bucket_end_ms)`.execute(db);
}

/**
 * A message's id is its tenant's: what another one sent under the same id is another message. Rows without a tenant are
 * those of a release before, which runs on until its instances are replaced; they are told by the message's id alone.
 */
async function inboxByTenant(db: Kysely<unknown>, schema: string): Promise<void> {
  const table = sql.id(schema, "inbox");
  await sql`alter table ${table} add column tenant_id bytea`.execute(db);
  await sql`alter table ${table} drop constraint inbox_pkey`.execute(db);
  await sql`create unique index inbox_identity
    on ${table} (consumer, message_id, tenant_id, bucket_end_ms) nulls not distinct`.execute(db);
  await protectTenantRows(db, { schema, table: "inbox", across: ["protocol"], mayLackTenant: true });
  await sql`create policy of_earlier on ${table} for select using (tenant_id is null)`.execute(db);
}

/** A lane is one writer's: a consumer's partition, or a door of ingest. Rows leave it in the order of seq. */
async function outbox(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "outbox")} (
    lane text not null,
    seq bigserial not null,
    topic text not null,
    key bytea not null,
    value bytea not null,
    bucket_end_ms bigint not null,
    primary key (lane, seq, bucket_end_ms)) partition by list (bucket_end_ms)`.execute(db);
}

async function parked(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "parked")} (
    consumer text not null,
    conversation_id bytea not null,
    seq bigint not null,
    partition_no integer not null,
    tenant_id bytea not null,
    code text not null,
    attempts integer not null,
    retry_at_ms bigint not null,
    value bytea not null,
    bucket_end_ms bigint not null,
    primary key (consumer, conversation_id, seq, bucket_end_ms)) partition by list (bucket_end_ms)`.execute(db);
}

async function deadLetter(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "dead_letter")} (
    consumer text not null,
    topic text not null,
    partition_no integer not null,
    record_offset bigint not null,
    message_id bytea,
    conversation_id bytea,
    tenant_id bytea,
    code text not null,
    is_retryable boolean not null,
    at_ms bigint not null,
    key bytea not null,
    value bytea not null,
    bucket_end_ms bigint not null,
    primary key (consumer, partition_no, record_offset, bucket_end_ms)) partition by list (bucket_end_ms)`.execute(db);
}
