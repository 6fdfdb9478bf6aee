import type { Migrations, PartitionedTable } from "@cloister/storage";
import { sql, type Kysely } from "kysely";

export const LOG_SCHEMA = "log";

const RECORD: PartitionedTable = { schema: LOG_SCHEMA, table: "record" };

/** Where the topics' records lie, by the end of their `flow` bucket: what a purge drops. */
export function logPartitions(): PartitionedTable[] {
  return [RECORD];
}

export const logMigrations: Migrations = {
  "001_log": {
    async up(db, schema) {
      for (const create of [topic, topicPartition, record, groupMember, groupPartition]) await create(db, schema);
    },
  },
};

async function topic(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "topic")} (
    id serial primary key,
    name text not null unique,
    partitions integer not null check (partitions between 1 and 1024))`.execute(db);
}

/**
 * The next offset of each partition, taken by an UPDATE inside the producing transaction. Its row lock makes the order
 * of commits the order of offsets, so that no reader passes an offset that appears later; a sequence would not.
 */
async function topicPartition(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "topic_partition")} (
    topic_id integer not null,
    part integer not null,
    next_off bigint not null,
    primary key (topic_id, part)) with (fillfactor = 50)`.execute(db);
}

async function record(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "record")} (
    topic_id integer not null,
    part integer not null,
    off bigint not null,
    key bytea not null,
    value bytea not null,
    appended_at_ms bigint not null,
    bucket_end_ms bigint not null,
    primary key (topic_id, part, off, bucket_end_ms)) partition by list (bucket_end_ms)`.execute(db);
  // Sealed values do not compress.
  await sql`alter table ${sql.id(schema, "record")} alter column value set storage external`.execute(db);
}

async function groupMember(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "group_member")} (
    group_name text not null,
    member_id text not null,
    lease_until_ms bigint not null,
    primary key (group_name, member_id))`.execute(db);
}

/** Who works on a partition and how far the group is; epoch grows with each owner, so that a late commit is refused. */
async function groupPartition(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create table ${sql.id(schema, "group_partition")} (
    group_name text not null,
    topic_id integer not null,
    part integer not null,
    owner text,
    epoch bigint not null,
    lease_until_ms bigint not null,
    next_off bigint not null,
    primary key (group_name, topic_id, part)) with (fillfactor = 50)`.execute(db);
}
