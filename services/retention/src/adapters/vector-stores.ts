import type { EndingVectors } from "@cloister/retrieval";
import type { Dropped } from "../purge/job.ts";
import type { ExpiringStores, StoredBucket } from "../purge/ports.ts";

/** The tables, and beside them a store of protected vectors outside of the database. */
export class StoresWithVectors implements ExpiringStores {
  readonly #tables: ExpiringStores;
  readonly #vectors: EndingVectors;

  constructor(tables: ExpiringStores, vectors: EndingVectors) {
    this.#tables = tables;
    this.#vectors = vectors;
  }

  async list(): Promise<StoredBucket[]> {
    const { table } = this.#vectors;
    const buckets = await this.#vectors.list();
    return [...(await this.#tables.list()), ...buckets.map(({ bucketEndMs }) => ({ table, bucketEndMs }))];
  }

  async dropDue(dueAtMs: number): Promise<Dropped[]> {
    const dropped = await this.#tables.dropDue(dueAtMs);
    let [partitions, rows] = [0, 0];
    for (const { bucketEndMs, vectors } of await this.#vectors.list()) {
      if (bucketEndMs > dueAtMs || !(await this.#vectors.dropBucket(bucketEndMs))) continue;
      partitions += 1;
      rows += vectors;
    }
    return partitions === 0 ? dropped : [...dropped, { table: this.#vectors.table, partitions, rows }];
  }
}
