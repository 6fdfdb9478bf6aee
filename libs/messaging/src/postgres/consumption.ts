import { randomUUID } from "node:crypto";
import type { Clock, Log } from "@cloister/service";
import type { Database, Unsubscribe, WakeUps } from "@cloister/storage";
import pLimit from "p-limit";
import { MAX_BATCH_RECORDS, type ConsumeOptions, type Consumption } from "../message-log.ts";
import { fetch } from "./fetch.ts";
import { GroupMembership, partitionId } from "./group.ts";
import { PartitionWorker } from "./partition-worker.ts";
import type { TopicRow } from "./topic-table.ts";
import { Ticker } from "../ticker.ts";

export interface ConsumptionParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly wakeUps: WakeUps;
  readonly topics: readonly TopicRow[];
  readonly pollMs: number;
  readonly leaseMs: number;
}

export const topicChannel = (topic: string): string => `log.topic.${topic}`;
const groupChannel = (group: string): string => `log.group.${group}`;

/** One member of a group: a ticker that keeps its leases, a ticker that fetches for whatever partition is idle. */
export class PostgresConsumption implements Consumption {
  readonly #parts: ConsumptionParts;
  readonly #options: ConsumeOptions;
  readonly #membership: GroupMembership;
  readonly #workers = new Map<string, PartitionWorker>();
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #beats: Ticker;
  readonly #fetches: Ticker;
  readonly #subscriptions: Unsubscribe[] = [];
  #isJoined = false;
  #hasDied = false;
  #closing: Promise<void> | undefined;

  constructor(parts: ConsumptionParts, options: ConsumeOptions) {
    this.#parts = parts;
    this.#options = options;
    const { db, topics, leaseMs } = parts;
    this.#membership = new GroupMembership({ db, group: options.group, memberId: randomUUID(), topics, leaseMs });
    this.#limit = pLimit(options.maxConcurrency ?? 8);
    this.#beats = new Ticker(Math.floor(leaseMs / 3), () => this.#guarded(() => this.#beat()));
    this.#fetches = new Ticker(parts.pollMs, () => this.#guarded(() => this.#fetch()));
  }

  isJoined(): boolean {
    return this.#isJoined && !this.#hasDied && this.#closing === undefined;
  }

  async join(): Promise<void> {
    await this.#beat();
    this.#isJoined = true;
    const { wakeUps } = this.#parts;
    this.#subscriptions.push(wakeUps.subscribe(groupChannel(this.#options.group), () => this.#beats.kick()));
    for (const topic of this.#options.topics) {
      this.#subscriptions.push(wakeUps.subscribe(topicChannel(topic), () => this.#fetches.kick()));
    }
    this.#beats.start();
    this.#fetches.start();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Stops as a killed process would: leases stay until they lapse. For tests of that. */
  async abandon(): Promise<void> {
    this.#closing ??= Promise.resolve();
    await this.#halt((worker) => worker.stop());
  }

  async #close(): Promise<void> {
    await this.#halt((worker) => (this.#hasDied ? worker.stop() : worker.handOver()));
    try {
      await this.#membership.leave();
      this.#parts.wakeUps.wake(groupChannel(this.#options.group));
    } catch (error) {
      // The leases lapse by themselves.
      this.#parts.log.warn("a group could not be left", { group: this.#options.group, error });
    }
  }

  async #halt(end: (worker: PartitionWorker) => Promise<void>): Promise<void> {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    const workers = [...this.#workers.values()].map(end);
    await Promise.all([this.#fetches.stop(), ...workers]);
    await this.#beats.stop();
    this.#workers.clear();
  }

  async #beat(): Promise<void> {
    const { clock, log, wakeUps } = this.#parts;
    const { claimed, keep, isNew } = await this.#membership.beat(clock.nowMs());
    if (isNew) wakeUps.wake(groupChannel(this.#options.group));
    for (const [id, worker] of this.#workers) {
      if (!keep.has(id) || worker.isOver) void this.#giveUp(id, worker);
    }
    // Whoever leaves gives back what a beat of that time has claimed.
    for (const claim of this.#closing === undefined ? claimed : []) {
      const id = partitionId(claim.topic.id, claim.part);
      const worker = new PartitionWorker({
        claim,
        log,
        membership: this.#membership,
        options: this.#options,
        limit: (work) => this.#limit(work),
        changed: () => this.#fetches.kick(),
        died: (error) => this.#die(error),
      });
      this.#workers.set(id, worker);
    }
  }

  /** Finishes the batch in work, hands the partition back and tells the others that it is free. */
  async #giveUp(id: string, worker: PartitionWorker): Promise<void> {
    await worker.handOver();
    if (this.#workers.get(id) !== worker) return;
    await this.#guarded(() => this.#membership.release(worker.claim));
    // Several beats may have come here for it, and the partition to this process again.
    if (this.#workers.get(id) !== worker) return;
    this.#workers.delete(id);
    this.#parts.wakeUps.wake(groupChannel(this.#options.group));
  }

  async #fetch(): Promise<void> {
    const idle = [...this.#workers.values()].filter((worker) => worker.isIdle);
    if (idle.length === 0) return;
    const from = idle.map((worker) => ({ ...worker.claim, nextOffset: worker.nextOffset }));
    const batches = await fetch(this.#parts.db, from, this.#options.maxBatchRecords ?? MAX_BATCH_RECORDS);
    for (const batch of batches) {
      const worker = idle.find((one) => one.claim.topic.name === batch.topic && one.claim.part === batch.partition);
      worker?.take(batch);
    }
  }

  /** An outage of the database ends nothing: the next tick tries again. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.log.warn("the message log could not be reached", { group: this.#options.group, error });
    }
  }

  #die(error: unknown): void {
    if (this.#hasDied) return;
    this.#hasDied = true;
    void this.#fetches.stop();
    this.#options.onFatal(error);
  }
}
