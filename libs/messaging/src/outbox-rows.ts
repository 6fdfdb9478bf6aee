import { noTenant, onDatabase } from "@cloister/storage";
import { sql, type Kysely, type Transaction } from "kysely";
import type { MessageLog, OutgoingRecord } from "./message-log.ts";

export interface Lane {
  readonly db: Kysely<unknown>;
  readonly schema: string;
  readonly lane: string;
}

const CHUNK = 500;

/** Puts records into the outbox, in their order. Returns the numbers of their rows. */
export async function appendOutbox<T>(
  tx: Transaction<T>,
  { schema, lane }: Omit<Lane, "db">,
  records: readonly OutgoingRecord[],
): Promise<number[]> {
  const seqs: number[] = [];
  for (let from = 0; from < records.length; from += CHUNK) {
    const rows = records
      .slice(from, from + CHUNK)
      .map(({ topic, key, value, bucketEndMs }) => sql`(${lane}, ${topic}, ${key}, ${value}, ${bucketEndMs})`);
    const inserted = await sql<{ seq: number }>`
      insert into ${sql.id(schema, "outbox")} (lane, topic, key, value, bucket_end_ms)
      values ${sql.join(rows)} returning seq`.execute(tx);
    seqs.push(...inserted.rows.map(({ seq }) => seq));
  }
  return seqs;
}

/**
 * Forgets what was sent, row by row: a transaction takes its numbers before it commits, so a lower one than these may
 * turn up unsent.
 */
export async function deleteSent({ db, schema, lane }: Lane, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await onDatabase(noTenant, () =>
    sql`delete from ${sql.id(schema, "outbox")} where lane = ${lane} and seq = any(${seqs}::bigint[])`.execute(db),
  );
}

interface OutboxRow {
  seq: number;
  topic: string;
  key: Uint8Array;
  value: Uint8Array;
  bucket_end_ms: number;
}

/** Sends what a lane holds, oldest first, and deletes it. Returns how many records went out. */
export async function drainLane(lane: Lane, messages: MessageLog): Promise<number> {
  for (let sent = 0; ;) {
    const { rows } = await onDatabase(noTenant, () =>
      sql<OutboxRow>`select seq, topic, key, value, bucket_end_ms from ${sql.id(lane.schema, "outbox")}
        where lane = ${lane.lane} order by seq limit ${CHUNK}`.execute(lane.db),
    );
    if (rows.length === 0) return sent;
    await messages.produce(rows.map(({ bucket_end_ms, ...row }) => ({ ...row, bucketEndMs: bucket_end_ms })));
    await deleteSent(
      lane,
      rows.map(({ seq }) => seq),
    );
    sent += rows.length;
    if (rows.length < CHUNK) return sent;
  }
}
