import { type Database, noTenant, onDatabase } from "@cloister/storage";
import { sql } from "kysely";
import { MAX_BATCH_BYTES, type LogRecord, type RecordBatch } from "../message-log.ts";
import type { TopicRow } from "./topic-table.ts";

export interface FetchFrom {
  readonly topic: TopicRow;
  readonly part: number;
  readonly nextOffset: number;
}

interface RecordRow {
  topic_id: number;
  part: number;
  off: number;
  key: Uint8Array;
  value: Uint8Array;
  bucket_end_ms: number;
}

/** The next records of several partitions in one round trip; a batch for each that has any. */
export async function fetch(db: Database, from: readonly FetchFrom[], maxRecords: number): Promise<RecordBatch[]> {
  const wanted = from.map((one) => sql`(${one.topic.id}::integer, ${one.part}::integer, ${one.nextOffset}::bigint)`);
  const { rows } = await onDatabase(noTenant, () =>
    sql<RecordRow>`
      select found.* from (values ${sql.join(wanted)}) as wanted (topic_id, part, next_off)
      cross join lateral (
        select topic_id, part, off, key, value, bucket_end_ms from (
          select r.*, row_number() over (order by r.off) as n, sum(octet_length(r.value)) over (order by r.off) as bytes
          from (select * from log.record where topic_id = wanted.topic_id and part = wanted.part
            and off >= wanted.next_off order by off limit ${maxRecords}) as r) as counted
        where n = 1 or bytes <= ${MAX_BATCH_BYTES} order by off) as found`.execute(db.kysely),
  );
  return from.flatMap((one) => {
    const own = rows.filter((row) => row.topic_id === one.topic.id && row.part === one.part);
    if (own.length === 0) return [];
    return [{ topic: one.topic.name, partition: one.part, records: own.map((row) => recordOf(one.topic, row)) }];
  });
}

function recordOf(topic: TopicRow, row: RecordRow): LogRecord {
  const { part, off, key, value, bucket_end_ms } = row;
  return { topic: topic.name, partition: part, offset: off, key, value, bucketEndMs: bucket_end_ms };
}
