import { sql, type Kysely } from "kysely";
import { sqlState } from "./outage.ts";

/** A table that is `PARTITION BY LIST (bucket_end_ms)`; dropping a partition is how a bucket's rows end. */
export interface PartitionedTable {
  readonly schema: string;
  readonly table: string;
}

/** The end of a partition's bucket, ascending, in milliseconds since the epoch. */
export async function listPartitions<T>(db: Kysely<T>, where: PartitionedTable): Promise<number[]> {
  const { rows } = await sql<{ name: string }>`
    select child.relname as name
    from pg_catalog.pg_inherits
    join pg_catalog.pg_class child on child.oid = inhrelid
    join pg_catalog.pg_class parent on parent.oid = inhparent
    join pg_catalog.pg_namespace on pg_namespace.oid = parent.relnamespace
    where nspname = ${where.schema} and parent.relname = ${where.table}`.execute(db);
  return rows.map((row) => Number(row.name.slice(where.table.length + 2))).sort((a, b) => a - b);
}

/** Makes the partitions that are missing. Safe when several do it at once; takes no lock when nothing is missing. */
export async function ensurePartitions<T>(
  db: Kysely<T>,
  where: PartitionedTable,
  bucketEndsMs: readonly number[],
): Promise<void> {
  const present = new Set(await listPartitions(db, where));
  for (const bucketEndMs of new Set(bucketEndsMs)) {
    if (!present.has(bucketEndMs)) await createPartition(db, where, bucketEndMs);
  }
}

/** Drops a bucket with all its rows. False when there was none. */
export async function dropPartition<T>(db: Kysely<T>, where: PartitionedTable, bucketEndMs: number): Promise<boolean> {
  const present = await listPartitions(db, where);
  if (!present.includes(bucketEndMs)) return false;
  await sql`drop table if exists ${partitionOf(where, bucketEndMs)}`.execute(db);
  return true;
}

async function createPartition<T>(db: Kysely<T>, where: PartitionedTable, bucketEndMs: number): Promise<void> {
  const parent = sql.id(where.schema, where.table);
  try {
    await sql`create table if not exists ${partitionOf(where, bucketEndMs)} partition of ${parent}
      for values in (${sql.lit(bucketEndMs)})`.execute(db);
  } catch (error) {
    // Another session made it between our look and our statement.
    if (!["23505", "42P07", "42710"].includes(sqlState(error))) throw error;
  }
}

function partitionOf({ schema, table }: PartitionedTable, bucketEndMs: number) {
  return sql.id(schema, `${table}_b${bucketEndMs}`);
}

/** Remembers which buckets exist, so that a hot path asks the database once a bucket. */
export class PartitionKeeper {
  readonly #db: Kysely<unknown>;
  readonly #tables: readonly PartitionedTable[];
  readonly #known = new Set<number>();

  constructor(db: Kysely<unknown>, tables: readonly PartitionedTable[]) {
    this.#db = db;
    this.#tables = tables;
  }

  /** Call it outside a transaction: creating a partition locks its table until the end of one. */
  async ensure(bucketEndsMs: Iterable<number>): Promise<void> {
    const missing = [...new Set(bucketEndsMs)].filter((end) => !this.#known.has(end));
    if (missing.length === 0) return;
    for (const table of this.#tables) await ensurePartitions(this.#db, table, missing);
    for (const end of missing) this.#known.add(end);
  }

  /** After an insert found its partition gone (SQLSTATE 23514): somebody dropped the bucket. */
  forget(): void {
    this.#known.clear();
  }
}
