import {
  bucketEnding,
  bucketMaking,
  type Migrations,
  type OwnedSchema,
  type PartitionedTable,
} from "@cloister/storage";
import { sql, type Kysely } from "kysely";
import type { TopicDefinition } from "../message-log.ts";
import { pipelineTopics } from "../pipeline-topics.ts";

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

/** The services share the log: each produces and consumes, none makes topics. */
export const logOwned: OwnedSchema = {
  schema: LOG_SCHEMA,
  migrations: logMigrations,
  grants: [
    ...(["ingest", "redaction", "inference", "embedding"] as const).map((to) => ({
      to,
      ...bucketMaking,
      tables: {
        topic: ["select"],
        topic_partition: ["select", "update"],
        record: ["select", "insert"],
        group_member: ["select", "insert", "update", "delete"],
        group_partition: ["select", "insert", "update"],
      } as const,
    })),
    bucketEnding,
  ],
  rows: {
    async missing(db) {
      const { rows } = await sql<{ has: boolean }>`
        select to_regclass(${`${LOG_SCHEMA}.topic`}) is not null as has`.execute(db.kysely);
      const present =
        rows[0]?.has === true
          ? await sql<{ name: string }>`select name from log.topic`.execute(db.kysely)
          : { rows: [] };
      const names = new Set(present.rows.map(({ name }) => name));
      return pipelineTopics.filter(({ name }) => !names.has(name)).map(({ name }) => `topic ${name}`);
    },
    async make(db) {
      for (const topic of pipelineTopics) await insertTopic(db.kysely, LOG_SCHEMA, topic);
    },
  },
};

/** Nothing when a topic of that name is there. */
export async function insertTopic(
  db: Kysely<unknown>,
  schema: string,
  { name, partitions }: TopicDefinition,
): Promise<void> {
  await sql`with made as (
      insert into ${sql.id(schema, "topic")} (name, partitions) values (${name}, ${partitions})
      on conflict (name) do nothing returning id)
    insert into ${sql.id(schema, "topic_partition")} (topic_id, part, next_off)
    select id, part, 0 from made, generate_series(0, ${partitions}::integer - 1) as part`.execute(db);
}

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
