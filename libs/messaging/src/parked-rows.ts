import { acrossTenants, ofTenants, onDatabase } from "@cloister/storage";
import { sql, type Transaction } from "kysely";
import { hex } from "./hex.ts";
import type { LogRecord } from "./message-log.ts";
import type { ParkingUsage } from "./parking-limits.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import type { ConsumedRecord } from "./record-result.ts";

/** A partition's records are those of many tenants, who are not known before. */
const everyTenant = acrossTenants("protocol");

const FIRST_MS = 1_000;
const MOST_MS = 5 * 60_000;

/** When a record that has failed so many times is tried again. */
export function parkedUntilMs(nowMs: number, attempts: number): number {
  return nowMs + Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempts, 20));
}

export interface Parking {
  readonly consumed: ConsumedRecord;
  readonly code: string;
}

/** Parks records, or counts one more failed attempt of those that are parked already. */
export async function park<T>(
  tx: Transaction<T>,
  { schema, consumer }: ProtocolScope,
  parkings: readonly Parking[],
  nowMs: number,
): Promise<void> {
  if (parkings.length === 0) return;
  const rows = parkings.map(
    ({ consumed: { record, identity }, code }) =>
      sql`(${consumer}, ${identity.conversationId}::bytea, ${record.offset}::bigint, ${record.partition}::integer,
        ${identity.tenantId}::bytea, ${code}, 0, ${parkedUntilMs(nowMs, 0)}::bigint, ${record.value}::bytea,
        ${record.bucketEndMs}::bigint)`,
  );
  await sql`insert into ${sql.id(schema, "parked")} as parked
    (consumer, conversation_id, seq, partition_no, tenant_id, code, attempts, retry_at_ms, value, bucket_end_ms)
    values ${sql.join(rows)}
    on conflict (consumer, conversation_id, seq, bucket_end_ms) do update
      set code = excluded.code, attempts = parked.attempts + 1,
        retry_at_ms = ${nowMs} + least(${MOST_MS}, ${FIRST_MS} * 2 ^ least(parked.attempts + 1, 20))::bigint`.execute(
    tx,
  );
}

export async function unpark<T>(
  tx: Transaction<T>,
  { schema, consumer }: ProtocolScope,
  records: readonly LogRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const rows = records.map(({ key, offset }) => sql`(${key}::bytea, ${offset}::bigint)`);
  await sql`delete from ${sql.id(schema, "parked")}
    where consumer = ${consumer} and (conversation_id, seq) in (values ${sql.join(rows)})`.execute(tx);
}

interface ParkedRow {
  conversation_id: Uint8Array;
  seq: number;
  value: Uint8Array;
  bucket_end_ms: number;
}

/** The parked records of a partition whose conversation's first one is due, in order. */
export async function dueParked(
  { db, schema, consumer }: ProtocolScope,
  where: { readonly topic: string; readonly partition: number },
  nowMs: number,
  limit: number,
): Promise<LogRecord[]> {
  const table = sql.id(schema, "parked");
  const { rows } = await onDatabase(everyTenant, () =>
    sql<ParkedRow>`
      with head as (
        select distinct on (tenant_id, conversation_id) tenant_id, conversation_id, retry_at_ms from ${table}
        where consumer = ${consumer} and partition_no = ${where.partition} order by tenant_id, conversation_id, seq)
      select p.conversation_id, p.seq, p.value, p.bucket_end_ms
      from ${table} as p join head using (tenant_id, conversation_id)
      where p.consumer = ${consumer} and head.retry_at_ms <= ${nowMs} order by p.seq limit ${limit}`.execute(db),
  );
  return rows.map((row) => ({
    ...where,
    offset: row.seq,
    key: row.conversation_id,
    value: row.value,
    bucketEndMs: row.bucket_end_ms,
  }));
}

export async function hasParked({ db, schema, consumer }: ProtocolScope, partition: number): Promise<boolean> {
  const { rows } = await onDatabase(everyTenant, () =>
    sql`select 1 from ${sql.id(schema, "parked")}
      where consumer = ${consumer} and partition_no = ${partition} limit 1`.execute(db),
  );
  return rows.length > 0;
}

/** What is parked at a consumer, by the tenant's id in hex: of these tenants, or of all that have anything. */
export async function parkingUsage(
  { db, schema, consumer }: ProtocolScope,
  tenants?: readonly Uint8Array[],
): Promise<ReadonlyMap<string, ParkingUsage & { readonly tenantId: Uint8Array }>> {
  const andOfThem =
    tenants === undefined ? sql`` : sql`and tenant_id in (${sql.join(tenants.map((one) => sql`${one}::bytea`))})`;
  const { rows } = await onDatabase(tenants === undefined ? everyTenant : ofTenants(tenants), () =>
    sql<{ tenant_id: Uint8Array; records: number; bytes: number }>`
      select tenant_id, count(*) as records, sum(octet_length(value))::bigint as bytes
      from ${sql.id(schema, "parked")} where consumer = ${consumer} ${andOfThem} group by tenant_id`.execute(db),
  );
  return new Map(rows.map(({ tenant_id: tenantId, records, bytes }) => [hex(tenantId), { tenantId, records, bytes }]));
}
