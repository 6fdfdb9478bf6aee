import { type Database, noTenant, onDatabase, type PartitionKeeper, sqlState } from "@cloister/storage";
import { sql } from "kysely";
import type { OutgoingRecord } from "../message-log.ts";
import { partitionOf } from "../partitioner.ts";
import type { TopicTable } from "./topic-table.ts";

/** Stays below PostgreSQL's limit of 65,535 parameters, and bounds how long the partitions' rows are locked. */
const MAX_RECORDS = 1_000;
const CHECK_VIOLATION = "23514";

interface ProduceParts {
  readonly db: Database;
  readonly topics: TopicTable;
  readonly keeper: PartitionKeeper;
  readonly nowMs: number;
}

/** Writes records in chunks, each of which is one statement and so one transaction. */
export async function produce(parts: ProduceParts, records: readonly OutgoingRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += MAX_RECORDS) {
    const chunk = records.slice(from, from + MAX_RECORDS);
    const ends = chunk.map((record) => record.bucketEndMs);
    await parts.keeper.ensure(ends);
    try {
      await append(parts, chunk);
    } catch (error) {
      if (sqlState(error) !== CHECK_VIOLATION) throw error;
      // The bucket was purged since we looked. The record is dropped with it when the purge looks again.
      parts.keeper.forget();
      await parts.keeper.ensure(ends);
      await append(parts, chunk);
    }
  }
}

/**
 * One statement: lock the partitions' rows in one order (so that producers never deadlock), take as many offsets as
 * there are records, insert them numbered in their given order.
 */
async function append({ db, topics, nowMs }: ProduceParts, records: readonly OutgoingRecord[]): Promise<void> {
  const rows = await Promise.all(
    records.map(async (record, n) => {
      const topic = await topics.get(record.topic);
      const part = partitionOf(record.key, topic.partitions);
      return sql`(${topic.id}::integer, ${part}::integer, ${n}::integer, ${record.key}::bytea, ${record.value}::bytea,
        ${record.bucketEndMs}::bigint)`;
    }),
  );
  await onDatabase(noTenant, () =>
    sql`with input (topic_id, part, n, key, value, bucket_end_ms) as (values ${sql.join(rows)}),
      wanted as (select topic_id, part, count(*) as records from input group by topic_id, part),
      locked as (
        select topic_id, part, records from log.topic_partition join wanted using (topic_id, part)
        order by topic_id, part for update of topic_partition),
      taken as (
        update log.topic_partition as p set next_off = p.next_off + locked.records from locked
        where p.topic_id = locked.topic_id and p.part = locked.part
        returning p.topic_id, p.part, p.next_off - locked.records as first_off)
    insert into log.record (topic_id, part, off, key, value, appended_at_ms, bucket_end_ms)
    select topic_id, part, first_off - 1 + row_number() over (partition by topic_id, part order by n),
      key, value, ${nowMs}::bigint, bucket_end_ms
    from input join taken using (topic_id, part)`.execute(db.kysely),
  );
}
