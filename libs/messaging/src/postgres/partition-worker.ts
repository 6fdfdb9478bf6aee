import type { Log } from "@cloister/service";
import type { ConsumeOptions, RecordBatch } from "../message-log.ts";
import { repeat } from "../repeat.ts";
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
  #state: WorkerState = "busy";
  #work: Promise<void>;
  #nextOffset: number;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.claim = parts.claim;
    this.#nextOffset = parts.claim.nextOffset;
    const where = { topic: parts.claim.topic.name, partition: parts.claim.part };
    this.#work = this.#repeat(() => parts.options.onAssigned(where, this.#stopping.signal)).then(() => this.#idle());
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
    const where = { topic: this.claim.topic.name, partition: this.claim.part };
    const repeated = await repeat(
      { log, group: options.group, where, stopping: this.#stopping.signal },
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
