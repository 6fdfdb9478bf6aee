import { noTenant, onDatabase } from "@cloister/storage";
import { sql, type Kysely, type RawBuilder } from "kysely";
import { sizeOf } from "./batch-bounds.ts";
import { MAX_BATCH_BYTES, type MessageLog, type OutgoingRecord } from "./message-log.ts";

export interface Lane {
  readonly db: Kysely<unknown>;
  readonly schema: string;
  readonly lane: string;
}

const CHUNK_RECORDS = 500;

export interface LaneRecord {
  readonly lane: string;
  readonly record: OutgoingRecord;
}

/** Puts records into the outbox, in their order, at least one, if `when` holds. Returns the rows' `lane` and `seq`. */
export function insertOutbox(
  schema: string,
  records: readonly LaneRecord[],
  when: RawBuilder<unknown> = sql`true`,
): RawBuilder<{ lane: string; seq: number }> {
  const rows = records.map(
    ({ lane, record: { topic, key, value, bucketEndMs } }) =>
      sql`(${lane}, ${topic}, ${key}::bytea, ${value}::bytea, ${bucketEndMs}::bigint)`,
  );
  return sql`insert into ${sql.id(schema, "outbox")} (lane, topic, key, value, bucket_end_ms)
    select * from (values ${sql.join(rows)}) as given where ${when} returning lane, seq`;
}

/**
 * Forgets what was sent, row by row: a transaction takes its numbers before it commits, so a lower one than these may
 * turn up unsent.
 */
export async function deleteSent(
  { db, schema }: Omit<Lane, "lane">,
  lanes: readonly string[],
  seqs: readonly number[],
): Promise<void> {
  if (seqs.length === 0) return;
  await onDatabase(noTenant, () =>
    sql`delete from ${sql.id(schema, "outbox")}
      where lane = any(${lanes}::text[]) and seq = any(${seqs}::bigint[])`.execute(db),
  );
}

interface OutboxRow {
  seq: number;
  topic: string;
  key: Uint8Array;
  value: Uint8Array;
  bucket_end_ms: number;
}

/** Sends what a lane holds, oldest first, at most 4 MiB and one record at a time, and deletes it. */
export async function drainLane(lane: Lane, messages: MessageLog): Promise<void> {
  for (;;) {
    const { rows } = await onDatabase(noTenant, () =>
      // The limit is within, where it bounds what is sorted.
      sql<OutboxRow>`select seq, topic, key, value, bucket_end_ms from (
          select *, sum(length(value)) over (order by seq) - length(value) as before from (
            select seq, topic, key, value, bucket_end_ms from ${sql.id(lane.schema, "outbox")}
            where lane = ${lane.lane} order by seq limit ${CHUNK_RECORDS}
          ) as oldest
        ) as summed where before < ${MAX_BATCH_BYTES} order by seq`.execute(lane.db),
    );
    if (rows.length === 0) return;
    await messages.produce(rows.map(({ bucket_end_ms, ...row }) => ({ ...row, bucketEndMs: bucket_end_ms })));
    await deleteSent(
      lane,
      [lane.lane],
      rows.map(({ seq }) => seq),
    );
    if (rows.length < CHUNK_RECORDS && sizeOf(rows).bytes < MAX_BATCH_BYTES) return;
  }
}
