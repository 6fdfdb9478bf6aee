import type { Log } from "@cloister/service";
import { howManyFit, sizeOf } from "../batch-bounds.ts";
import type { ConsumeOptions, LogRecord, TopicPartition } from "../message-log.ts";
import { repeat } from "../repeat.ts";
import { revoked } from "../revoked.ts";
import type { GroupOffset } from "./offset-committer.ts";

/** From so many queued records or bytes on, its partition fetches no more; below half, it does again. */
const FULL_RECORDS = 512;
const FULL_BYTES = 8 * 1_024 * 1_024;

export interface QueuedWorkerParts {
  readonly where: TopicPartition;
  readonly options: ConsumeOptions;
  readonly log: Log;
  /** The work of an earlier owner of the partition in this process, which is finished first. */
  readonly after: Promise<void>;
  /** Bounds the batches in work over all partitions. */
  readonly limit: <T>(work: () => Promise<T>) => Promise<T>;
  readonly done: (offset: GroupOffset) => void;
  readonly died: (error: unknown) => void;
  readonly pause: (where: TopicPartition) => void;
  readonly resume: (where: TopicPartition) => void;
}

/** One owned partition: takes whatever was fetched, hands it over a batch at a time, each until it succeeds. */
export class QueuedWorker {
  readonly #parts: QueuedWorkerParts;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  #queue: LogRecord[] = [];
  #queuedBytes = 0;
  #lastOffset = -1;
  #isPaused = false;
  #isAssigned = false;
  #handover: Promise<void> | undefined;
  #arrived: () => void = () => undefined;

  constructor(parts: QueuedWorkerParts) {
    this.#parts = parts;
    this.#finished = this.#run();
  }

  /** In the order of offsets. What was taken before is left out, as a client may fetch it twice. */
  take(records: readonly LogRecord[]): void {
    if (this.#stopping.signal.aborted) return;
    for (const record of records) {
      if (record.offset <= this.#lastOffset) continue;
      this.#lastOffset = record.offset;
      this.#queue.push(record);
      this.#queuedBytes += record.value.byteLength;
    }
    if (!this.#isPaused && (this.#queue.length >= FULL_RECORDS || this.#queuedBytes >= FULL_BYTES)) {
      this.#isPaused = true;
      this.#parts.pause(this.#parts.where);
    }
    this.#arrived();
  }

  /** Resolves when the batch in work, if any, has succeeded or failed; nothing is begun any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#queue = [];
    this.#arrived();
    await this.#finished;
  }

  /** The same, and has the consumer leave nothing behind for the next owner. */
  handOver(): Promise<void> {
    return (this.#handover ??= this.#handOver());
  }

  async #handOver(): Promise<void> {
    await this.stop();
    const { where, options, log } = this.#parts;
    if (this.#isAssigned) await revoked(options, where, log);
  }

  async #run(): Promise<void> {
    const { where, options, log, limit, died, done, after } = this.#parts;
    const stopping = this.#stopping.signal;
    const how = { log, group: options.group, where, stopping };
    await after;
    if (stopping.aborted) return;
    if ((await repeat(how, () => options.onAssigned(where, stopping), died)) !== "done") return;
    this.#isAssigned = true;
    for (;;) {
      const records = await this.#next();
      const last = records.at(-1);
      if (last === undefined) return;
      const handover = { isMade: false };
      const work = () =>
        limit(async () => {
          // It may have waited for its turn for long.
          if (stopping.aborted) return;
          handover.isMade = true;
          await options.onBatch({ ...where, records }, stopping);
        });
      if ((await repeat(how, work, died)) !== "done" || !handover.isMade) return;
      done({ ...where, nextOffset: last.offset + 1 });
    }
  }

  /** The next batch; empty when stopping. */
  async #next(): Promise<LogRecord[]> {
    while (this.#queue.length === 0 && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
    const sizes = this.#queue.map((record) => sizeOf([record]));
    const batch = this.#queue.splice(0, howManyFit(sizes, this.#parts.options.maxBatchRecords));
    for (const record of batch) this.#queuedBytes -= record.value.byteLength;
    if (this.#isPaused && this.#queue.length < FULL_RECORDS / 2 && this.#queuedBytes < FULL_BYTES / 2) {
      this.#isPaused = false;
      this.#parts.resume(this.#parts.where);
    }
    return batch;
  }
}
