import {
  dropPartition,
  endRows,
  listPartitions,
  noTenant,
  onDatabase,
  type Database,
  type PartitionedTable,
  type TableOfEndingRows,
} from "@cloister/storage";
import { sql, type Kysely } from "kysely";
import type { Dropped } from "../purge/job.ts";
import type { ExpiringStores, StoredBucket } from "../purge/ports.ts";

/**
 * Every table in the database says by its columns when it ends: partitioned by `bucket_end_ms` (whole partitions go),
 * with a column `expires_at_ms` (rows go), or the protocol's fences, which count the last bucket they saw. So a new
 * table can't be forgotten here, and no service's tables need be known (docs/adr/0006-purge-by-columns.md). The schemas'
 * owners do it by their functions: retention reads the catalogue and no table.
 */
export class PostgresStores implements ExpiringStores {
  readonly #db: Kysely<unknown>;

  constructor(db: Database) {
    this.#db = db.kysely;
  }

  async list(): Promise<StoredBucket[]> {
    return onDatabase(noTenant, async () => {
      const buckets: StoredBucket[] = [];
      for (const where of await this.#partitioned()) {
        for (const bucketEndMs of await listPartitions(this.#db, where))
          buckets.push({ table: nameOf(where), bucketEndMs });
      }
      return buckets;
    });
  }

  async dropDue(dueAtMs: number): Promise<Dropped[]> {
    return onDatabase(noTenant, async () => {
      const dropped: Dropped[] = [];
      for (const where of await this.#partitioned()) dropped.push(await this.#dropPartitions(where, dueAtMs));
      for (const where of await this.#withColumn("expires_at_ms")) {
        dropped.push({ table: nameOf(where), partitions: 0, rows: await endRows(this.#db, where, dueAtMs) });
      }
      for (const fences of await this.#withColumn("last_bucket_end_ms")) await endRows(this.#db, fences, dueAtMs);
      return dropped.filter(({ partitions, rows }) => partitions + rows > 0);
    });
  }

  async #dropPartitions(where: PartitionedTable, dueAtMs: number): Promise<Dropped> {
    let [partitions, rows] = [0, 0];
    for (const bucketEndMs of await listPartitions(this.#db, where)) {
      if (bucketEndMs > dueAtMs) continue;
      const ended = await dropPartition(this.#db, where, bucketEndMs);
      if (ended === null) continue;
      partitions += 1;
      rows += ended;
    }
    return { table: nameOf(where), partitions, rows };
  }

  async #partitioned(): Promise<PartitionedTable[]> {
    const { rows } = await sql<PartitionedTable>`
      select nspname as schema, relname as "table"
      from pg_catalog.pg_partitioned_table
      join pg_catalog.pg_class on pg_class.oid = partrelid
      join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
      join pg_catalog.pg_attribute on attrelid = partrelid and attnum = partattrs[0]
      where attname = 'bucket_end_ms'
      order by nspname, relname`.execute(this.#db);
    return rows;
  }

  async #withColumn(column: string): Promise<TableOfEndingRows[]> {
    const { rows } = await sql<TableOfEndingRows>`
      select nspname as schema, relname as "table"
      from pg_catalog.pg_class
      join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
      join pg_catalog.pg_attribute on attrelid = pg_class.oid
      where relkind = 'r' and not relispartition and attname = ${column} and not attisdropped
      order by nspname, relname`.execute(this.#db);
    return rows;
  }
}

const nameOf = ({ schema, table }: TableOfEndingRows): string => `${schema}.${table}`;
