import type { Clock } from "@cloister/service";
import { MAX_BATCH_BYTES, type RecordBatch } from "./message-log.ts";

/** So many are worked on at the same time, whatever waits: while one waits for an engine, the other computes. */
const AT_ONCE = 1;
/** A slow one doesn't hold up the others for longer than this, until there are too many. */
const PATIENCE_MS = 100;
const MOST_AT_ONCE = 8;

export interface BatchMergerParts {
  /** What is merged has no more records than this, and no more than MAX_BATCH_BYTES, unless a single batch has. */
  readonly maxRecords: number;
  readonly clock: Clock;
  /** Works on all records; its rejection is told to each batch of them. */
  readonly work: (batches: readonly RecordBatch[]) => Promise<void>;
}

interface Waiting {
  readonly batch: RecordBatch;
  readonly settle: (work: Promise<void>) => void;
}

/**
 * Makes one batch of those that several partitions bring while others are worked on. So a busy consumer has few large
 * batches, whose transaction and whose records cost little each, and an idle one waits for nothing.
 */
export class BatchMerger {
  readonly #parts: BatchMergerParts;
  readonly #waiting: Waiting[] = [];
  #atWork = 0;
  #begunMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BatchMergerParts) {
    this.#parts = parts;
  }

  /** Resolves when the batch was worked on. One call at a time for each partition. */
  run(batch: RecordBatch): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ batch, settle: resolve });
      this.#begin();
    });
  }

  #begin(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0 || this.#atWork >= MOST_AT_ONCE) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const waitMs = this.#atWork < AT_ONCE ? 0 : this.#begunMs + PATIENCE_MS - nowMs;
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#begin(), waitMs);
      return;
    }
    this.#begunMs = nowMs;
    this.#atWork += 1;
    const taken = this.#waiting.splice(0, this.#howMany());
    const work = this.#parts.work(taken.map(({ batch }) => batch));
    for (const { settle } of taken) settle(work);
    const ended = (): void => {
      this.#atWork -= 1;
      this.#begin();
    };
    work.then(ended, ended);
  }

  #howMany(): number {
    let records = 0;
    let bytes = 0;
    const end = this.#waiting.findIndex(({ batch }, n) => {
      records += batch.records.length;
      bytes += batch.records.reduce((sum, { value }) => sum + value.byteLength, 0);
      return n > 0 && (records > this.#parts.maxRecords || bytes > MAX_BATCH_BYTES);
    });
    return end === -1 ? this.#waiting.length : end;
  }
}
