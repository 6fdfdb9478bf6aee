import { sql, type Kysely } from "kysely";

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

/**
 * Makes the partitions that are missing, by the function of the schema's owner. Safe when several do it at once; takes no
 * lock when nothing is missing.
 */
export async function ensurePartitions<T>(
  db: Kysely<T>,
  { schema, table }: PartitionedTable,
  bucketEndsMs: readonly number[],
): Promise<void> {
  const present = new Set(await listPartitions(db, { schema, table }));
  for (const bucketEndMs of new Set(bucketEndsMs)) {
    if (present.has(bucketEndMs)) continue;
    await sql`select ${sql.id(schema, "make_bucket")}(${table}::text, ${bucketEndMs}::bigint)`.execute(db);
  }
}

/** Drops a bucket by the function of the schema's owner. The number of rows that went with it; null when there was none. */
export async function dropPartition<T>(
  db: Kysely<T>,
  { schema, table }: PartitionedTable,
  bucketEndMs: number,
): Promise<number | null> {
  const { rows } = await sql<{ ended: number | null }>`
    select ${sql.id(schema, "drop_bucket")}(${table}::text, ${bucketEndMs}::bigint) as ended`.execute(db);
  return rows[0]?.ended ?? null;
}

/** A table without buckets whose rows say by a column when they end. */
export interface TableOfEndingRows {
  readonly schema: string;
  readonly table: string;
}

/** Deletes what ended by then, by the function of the schema's owner. Returns how many rows. */
export async function endRows<T>(
  db: Kysely<T>,
  { schema, table }: TableOfEndingRows,
  dueAtMs: number,
): Promise<number> {
  const { rows } = await sql<{ ended: number }>`
    select ${sql.id(schema, "end_rows")}(${table}::text, ${dueAtMs}::bigint) as ended`.execute(db);
  return rows[0]?.ended ?? 0;
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
