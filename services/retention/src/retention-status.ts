import type { Clock } from "@cloister/service";
import type { PurgeJob } from "./purge/job.ts";
import type { ExpiringStores, KeyLifecycle, PurgeJobs, SignedReceipt } from "./purge/ports.ts";

export interface RetentionStatus {
  readonly nowMs: number;
  /** Bucket keys past their end that still exist. */
  readonly keysDue: number;
  /** What each table holds, and when the next of it ends. */
  readonly stores: readonly StoreStatus[];
  readonly purges: readonly PurgeJob[];
  readonly receipts: readonly SignedReceipt[];
}

export interface StoreStatus {
  readonly table: string;
  readonly buckets: number;
  /** Buckets whose end has passed. */
  readonly due: number;
  readonly nextEndMs: number | null;
  readonly lastEndMs: number | null;
}

const LATEST = 10;

/** What a compliance officer or an SRE asks first: what is due, when is the next, what was done, with which receipt. */
export class RetentionStatusReader {
  readonly #keys: KeyLifecycle;
  readonly #stores: ExpiringStores;
  readonly #jobs: PurgeJobs;
  readonly #clock: Clock;

  constructor(keys: KeyLifecycle, stores: ExpiringStores, jobs: PurgeJobs, clock: Clock) {
    this.#keys = keys;
    this.#stores = stores;
    this.#jobs = jobs;
    this.#clock = clock;
  }

  async read(): Promise<RetentionStatus> {
    const nowMs = this.#clock.nowMs();
    const byTable = Map.groupBy(await this.#stores.list(), ({ table }) => table);
    const stores = [...byTable].map(([table, buckets]) =>
      storeStatus(
        table,
        buckets.map((one) => one.bucketEndMs),
        nowMs,
      ),
    );
    const [due, purges, receipts] = await Promise.all([
      this.#keys.due(),
      this.#jobs.latest(LATEST),
      this.#jobs.receipts(LATEST),
    ]);
    return { nowMs, keysDue: due.length, stores, purges, receipts };
  }
}

function storeStatus(table: string, endsMs: readonly number[], nowMs: number): StoreStatus {
  const ahead = endsMs.filter((endMs) => endMs > nowMs);
  return {
    table,
    buckets: endsMs.length,
    due: endsMs.length - ahead.length,
    nextEndMs: ahead.length === 0 ? null : Math.min(...ahead),
    lastEndMs: ahead.length === 0 ? null : Math.max(...ahead),
  };
}
