import type { Log } from "@cloister/service";
import type { ConsumeOptions, RecordBatch, TopicPartition } from "../message-log.ts";
import { repeat } from "../repeat.ts";
import { revoked } from "../revoked.ts";
import type { Claim, GroupMembership } from "./group.ts";

/** `idle` may fetch; `busy` is starting or has a batch in work; `over` is given up, lost or dead. */
type WorkerState = "idle" | "busy" | "over";

export interface WorkerParts {
  readonly claim: Claim;
  readonly membership: GroupMembership;
  readonly options: ConsumeOptions;
  readonly log: Log;
  /** Bounds the batches in work over all partitions. */
  readonly limit: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called when the worker becomes idle, or over. */
  readonly changed: () => void;
  readonly died: (error: unknown) => void;
}

/** One owned partition: a batch at a time, repeated until it succeeds, committed before the next one is fetched. */
export class PartitionWorker {
  readonly claim: Claim;
  readonly #parts: WorkerParts;
  readonly #stopping = new AbortController();
  readonly #where: TopicPartition;
  #state: WorkerState = "busy";
  #isAssigned = false;
  #handover: Promise<void> | undefined;
  #work: Promise<void>;
  #nextOffset: number;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.claim = parts.claim;
    this.#nextOffset = parts.claim.nextOffset;
    this.#where = { topic: parts.claim.topic.name, partition: parts.claim.part };
    this.#work = this.#assign();
  }

  get isIdle(): boolean {
    return this.#state === "idle";
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Starts on a batch that was fetched for it. */
  take(batch: RecordBatch): void {
    if (this.#state !== "idle") return;
    this.#state = "busy";
    this.#work = this.#run(batch).then(() => this.#idle());
  }

  /** Resolves when the batch in work is finished and committed; nothing is taken any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#work;
    this.#state = "over";
  }

  /** The same, and has the consumer leave nothing behind for the next owner, unless this one lost the partition. */
  handOver(): Promise<void> {
    return (this.#handover ??= this.#handOver());
  }

  async #handOver(): Promise<void> {
    const wasOver = this.isOver;
    await this.stop();
    if (this.#isAssigned && !wasOver) await revoked(this.#parts.options, this.#where, this.#parts.log);
  }

  async #assign(): Promise<void> {
    this.#isAssigned = await this.#repeat(() => this.#parts.options.onAssigned(this.#where, this.#stopping.signal));
    this.#idle();
  }

  async #run(batch: RecordBatch): Promise<void> {
    const last = batch.records.at(-1);
    if (last === undefined) return;
    const { limit, options } = this.#parts;
    const isHandled = await this.#repeat(() => limit(() => options.onBatch(batch, this.#stopping.signal)));
    if (!isHandled) return;
    this.#nextOffset = last.offset + 1;
    // Until the commit is confirmed; a partition that is not ours any more, or a stop, ends this worker.
    const isCommitted = await this.#repeat(async () => {
      if (!(await this.#parts.membership.commit(this.claim, this.#nextOffset))) this.#state = "over";
    });
    if (!isCommitted) this.#state = "over";
  }

  async #repeat(work: () => Promise<void>): Promise<boolean> {
    const { log, options, died } = this.#parts;
    const repeated = await repeat(
      { log, group: options.group, where: this.#where, stopping: this.#stopping.signal },
      work,
      (error) => {
        this.#state = "over";
        died(error);
      },
    );
    return repeated === "done";
  }

  #idle(): void {
    if (this.#state === "busy" && !this.#stopping.signal.aborted) this.#state = "idle";
    this.#parts.changed();
  }
}
