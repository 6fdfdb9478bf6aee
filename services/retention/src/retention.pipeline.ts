import { randomUUID } from "node:crypto";
import type { Clock } from "@cloister/service";
import { RetentionError } from "./errors.ts";
import type { Dropped, PurgeJob, TenantTombstones } from "./purge/job.ts";
import type {
  BrokerLog,
  ExpiringStores,
  KeyLifecycle,
  Outstanding,
  PurgeFailpoints,
  PurgeJobs,
  SignedReceipt,
} from "./purge/ports.ts";

export interface RetentionSteps {
  readonly keys: KeyLifecycle;
  readonly stores: ExpiringStores;
  readonly jobs: PurgeJobs;
  readonly clock: Clock;
  readonly failpoints: PurgeFailpoints;
  /** Missing where the message log is tables, which are dropped like any other. */
  readonly brokerLog?: BrokerLog;
}

/** What brokers still hold, in a receipt's words. */
const BROKERS_HOLD = "the sealed records on Kafka, which its brokers delete by age";

/** How long one instance may purge before another takes over; each saved state prolongs it. */
const LEASE_MS = 120_000;

/** planned → keys destroyed → stores dropped → verified → receipted; each state is saved, so a kill resumes there. */
export class RetentionPipeline {
  readonly #steps: RetentionSteps;

  constructor(steps: RetentionSteps) {
    this.#steps = steps;
  }

  /**
   * Ends what is due now: first purges that were cut off, then what came due since. One that can't go on, such as for a
   * tenant whose keys are away, holds up no other.
   * @returns the finished purges; none when nothing was due
   * @throws RetentionError PURGE_RUNNING while another instance does it, KEYS_UNAVAILABLE, KEYS_REFUSED,
   * PURGE_INCOMPLETE; the job stays where it was
   */
  async run(): Promise<PurgeJob[]> {
    const { jobs } = this.#steps;
    await this.#hold();
    try {
      const held = new KeysAway();
      const finished: PurgeJob[] = [];
      for (const cutOff of await jobs.unfinished()) {
        const goOn = async (): Promise<void> => void finished.push(await this.#finish(cutOff));
        // From there on only receipts are missing, and what is due now needs not wait for them.
        await (cutOff.state === "verified" ? held.passing(goOn) : goOn());
      }
      const planned = await this.#plan();
      if (planned !== undefined) finished.push(await this.#finish(planned));
      await this.#closePartial(held);
      held.throwIfAny();
      return finished;
    } finally {
      await jobs.releaseLease();
    }
  }

  async #plan(): Promise<PurgeJob | undefined> {
    const { keys, stores, clock } = this.#steps;
    const nowMs = clock.nowMs();
    const due = await keys.due();
    const stored = await stores.list();
    if (due.length === 0 && !stored.some(({ bucketEndMs }) => bucketEndMs <= nowMs)) {
      // A conversation whose last bucket has ended may never have had a key in it: its secret ends all the same.
      await keys.destroy([]);
      return undefined;
    }
    const job: PurgeJob = {
      id: randomUUID(),
      state: "planned",
      dueAtMs: nowMs,
      startedAtMs: nowMs,
      updatedAtMs: nowMs,
      keys: due,
      tombstones: [],
      dropped: [],
    };
    return this.#saved(job);
  }

  async #finish(job: PurgeJob): Promise<PurgeJob> {
    switch (job.state) {
      case "planned":
        return this.#finish(await this.#destroyKeys(job));
      case "keys-destroyed":
        return this.#finish(await this.#dropStores(job));
      case "stores-dropped":
        return this.#finish(await this.#verify(job));
      case "verified":
        return this.#receipt(job);
      case "receipted":
        return job;
    }
  }

  async #destroyKeys(job: PurgeJob): Promise<PurgeJob> {
    const tombstones = await this.#steps.keys.destroy(job.keys);
    return this.#saved({ ...job, state: "keys-destroyed", tombstones });
  }

  async #dropStores(job: PurgeJob): Promise<PurgeJob> {
    const dropped = await this.#steps.stores.dropDue(job.dueAtMs);
    return this.#saved({ ...job, state: "stores-dropped", dropped: merged(job.dropped, dropped) });
  }

  async #verify(job: PurgeJob): Promise<PurgeJob> {
    const { keys, stores } = this.#steps;
    const leftKeys = (await keys.due()).filter(({ bucketEndMs }) => bucketEndMs <= job.dueAtMs);
    const leftBuckets = (await stores.list()).filter(({ bucketEndMs }) => bucketEndMs <= job.dueAtMs);
    if (leftKeys.length > 0 || leftBuckets.length > 0) {
      // Something was written into an ended bucket meanwhile: go back and end it too.
      await this.#saved({ ...job, state: "planned", keys: [...job.keys, ...leftKeys] });
      throw new RetentionError("PURGE_INCOMPLETE", "Something due was still there after the purge; it will run again.");
    }
    return this.#saved({ ...job, state: "verified" });
  }

  async #receipt(job: PurgeJob): Promise<PurgeJob> {
    const { keys, jobs, clock, failpoints } = this.#steps;
    const receipts: SignedReceipt[] = [];
    const receipted: TenantTombstones[] = [];
    const held = new KeysAway();
    for (const tombstones of job.tombstones) {
      const { tenantIdHex } = tombstones;
      const outstanding = this.#outstanding(job, tenantIdHex);
      await held.passing(async () => {
        const extra = { ...(outstanding && { outstanding }) };
        const { idHex, note } = await keys.issueReceipt(tombstones, job.dropped, extra);
        const receipt = { jobId: job.id, tenantIdHex, issuedAtMs: clock.nowMs(), note: new TextDecoder().decode(note) };
        receipts.push(outstanding === undefined ? receipt : { ...receipt, idHex, outstanding });
        receipted.push(tombstones);
      });
    }
    if (receipts.length === 0) held.throwIfAny();
    const unsigned = job.tombstones.filter((tombstones) => !receipted.includes(tombstones));
    // Theirs wait for their own key service or KMS, in a job of their own.
    if (unsigned.length > 0) await this.#saved({ ...job, id: randomUUID(), tombstones: unsigned });
    const finished: PurgeJob = { ...job, state: "receipted", tombstones: receipted, updatedAtMs: clock.nowMs() };
    await jobs.finish(finished, receipts);
    await failpoints.reached("receipted");
    return finished;
  }

  /** Where brokers keep the log, records of class `flow` outlast their bucket: unreadable, and still there. */
  #outstanding(job: PurgeJob, tenantIdHex: string): Outstanding | undefined {
    const { brokerLog, clock } = this.#steps;
    const isFlow = (key: PurgeJob["keys"][number]): boolean => key.purpose === "inbound" || key.purpose === "flow";
    const endsMs = job.keys
      .filter((key) => key.tenantIdHex === tenantIdHex && isFlow(key))
      .map((key) => key.bucketEndMs);
    if (brokerLog === undefined || endsMs.length === 0) return undefined;
    const untilMs = brokerLog.deletedByMs(Math.max(...endsMs));
    return untilMs > clock.nowMs() ? { what: BROKERS_HOLD, untilMs } : undefined;
  }

  /** A second receipt for each that was partial until now. */
  async #closePartial(held: KeysAway): Promise<void> {
    const { keys, jobs, clock } = this.#steps;
    for (const closes of await jobs.closable(clock.nowMs())) {
      await held.passing(async () => {
        const { note } = await keys.issueReceipt(closes.tombstones, [], { closes });
        const { tenantIdHex } = closes.tombstones;
        const text = new TextDecoder().decode(note);
        await jobs.close(closes, { jobId: closes.jobId, tenantIdHex, issuedAtMs: clock.nowMs(), note: text });
      });
    }
  }

  async #saved(job: PurgeJob): Promise<PurgeJob> {
    const { jobs, clock, failpoints } = this.#steps;
    const saved = { ...job, updatedAtMs: clock.nowMs() };
    // Who lost the lease meanwhile must not write over what its successor has done.
    await this.#hold();
    await jobs.save(saved);
    await failpoints.reached(saved.state);
    return saved;
  }

  async #hold(): Promise<void> {
    const { jobs, clock } = this.#steps;
    const nowMs = clock.nowMs();
    if (await jobs.acquireLease(nowMs, nowMs + LEASE_MS)) return;
    throw new RetentionError("PURGE_RUNNING", "Another instance is purging; look at its status and try again later.");
  }
}

/** Passes over what `keys` doesn't do now, which may be for one tenant alone, and remembers that there was such. */
class KeysAway {
  #first: RetentionError | undefined;

  async passing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isOfKeys =
        error instanceof RetentionError && (error.code === "KEYS_UNAVAILABLE" || error.code === "KEYS_REFUSED");
      if (!isOfKeys) throw error;
      this.#first ??= error;
    }
  }

  throwIfAny(): void {
    if (this.#first !== undefined) throw this.#first;
  }
}

/** A purge that was cut off inside a state drops the rest when it resumes: the counts add up. */
function merged(before: readonly Dropped[], now: readonly Dropped[]): Dropped[] {
  const byTable = new Map<string, Dropped>();
  for (const { table, partitions, rows } of [...before, ...now]) {
    const sum = byTable.get(table) ?? { table, partitions: 0, rows: 0 };
    byTable.set(table, { table, partitions: sum.partitions + partitions, rows: sum.rows + rows });
  }
  return [...byTable.values()];
}
