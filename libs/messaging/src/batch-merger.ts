import type { Clock } from "@cloister/service";
import { MAX_BATCH_BYTES, type RecordBatch } from "./message-log.ts";
import { restMs } from "./rest.ts";

/** So many merged ones are worked on at the same time, whatever waits: a second one would make both small. */
const MERGED_AT_ONCE = 1;
/** A slow one doesn't hold up the others for longer than this, until there are too many. */
const PATIENCE_MS = 100;
const MOST_AT_ONCE = 8;
/** One place is left for those that have not failed. */
const MOST_ALONE = MOST_AT_ONCE - 1;

export interface BatchMergerParts {
  /** What is merged has no more records than this, and no more than MAX_BATCH_BYTES, unless a single batch has. */
  readonly maxRecords: number;
  readonly clock: Clock;
  /** Begins work on all of them. Resolves, when the next may be begun, to each one's end; its rejection is told to each. */
  readonly work: (batches: readonly RecordBatch[]) => Promise<readonly Promise<void>[]>;
}

interface Waiting {
  readonly batch: RecordBatch;
  readonly isAlone: boolean;
  readonly settle: (work: Promise<void>) => void;
}

/** Why a batch was not begun: its partition belongs to somebody else now, or will. Without a code: nobody is told. */
export class GivenUp extends Error {
  constructor() {
    super("the partition was given up before its batch was begun");
  }
}

/**
 * Makes one batch of those that several partitions bring while others are worked on. So a busy consumer has few large
 * batches, whose transaction and whose records cost little each, and an idle one waits for nothing.
 */
export class BatchMerger {
  readonly #parts: BatchMergerParts;
  #waiting: readonly Waiting[] = [];
  #atWork = 0;
  #mergedAtWork = 0;
  #mergedMs = -Infinity;
  /** Set while the last one's rest isn't over. By the machine's time: nothing else depends on when it ends. */
  #resting: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BatchMergerParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the batch was worked on, merged with others unless it is to be alone. One call at a time for each
   * partition. @throws GivenUp when the partition stops before the batch was begun; what `work` throws
   */
  run(batch: RecordBatch, stopping: AbortSignal, { isAlone }: { readonly isAlone: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      if (stopping.aborted) {
        reject(new GivenUp());
        return;
      }
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(new GivenUp());
      };
      const settle = (work: Promise<void>): void => {
        stopping.removeEventListener("abort", giveUp);
        resolve(work);
      };
      const waiting = { batch, isAlone, settle };
      stopping.addEventListener("abort", giveUp, { once: true });
      this.#waiting = [...this.#waiting, waiting];
      this.#begin();
    });
  }

  /** Begins whatever may be begun now, and comes back for the rest in time. */
  #begin(): void {
    clearTimeout(this.#timer);
    for (;;) {
      if (this.#waiting.length === 0 || this.#atWork >= MOST_AT_ONCE) return;
      const alone = this.#waiting.find((one) => one.isAlone);
      if (alone !== undefined && this.#atWork - this.#mergedAtWork < MOST_ALONE) {
        this.#work([alone]);
        continue;
      }
      const mergeable = this.#mergeable();
      if (mergeable.length === 0) return;
      const nowMs = this.#parts.clock.monotonicMs();
      if (this.#mergedAtWork < MERGED_AT_ONCE) {
        if (this.#resting !== undefined && !this.#isHalfFull(mergeable)) return;
      } else if (this.#mergedMs + PATIENCE_MS > nowMs) {
        this.#timer = setTimeout(() => this.#begin(), this.#mergedMs + PATIENCE_MS - nowMs);
        return;
      }
      this.#mergedMs = nowMs;
      this.#work(mergeable.slice(0, this.#howMany(mergeable)));
    }
  }

  #mergeable(): readonly Waiting[] {
    return this.#waiting.filter((one) => !one.isAlone);
  }

  #isHalfFull(mergeable: readonly Waiting[]): boolean {
    const records = mergeable.reduce((sum, { batch }) => sum + batch.records.length, 0);
    const bytes = mergeable.reduce((sum, { batch }) => sum + bytesOf(batch), 0);
    return 2 * records >= this.#parts.maxRecords || 2 * bytes >= MAX_BATCH_BYTES;
  }

  #rest(ms: number): void {
    if (ms <= 0) return;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.#begin();
    }, ms);
  }

  #work(taken: readonly Waiting[]): void {
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    const merged = taken.some(({ isAlone }) => isAlone) ? 0 : 1;
    this.#waiting = this.#waiting.filter((one) => !taken.includes(one));
    this.#atWork += 1;
    this.#mergedAtWork += merged;
    const work = this.#parts.work(taken.map(({ batch }) => batch));
    taken.forEach(({ settle }, n) => settle(work.then((ends) => ends[n])));
    const ended = (): void => {
      this.#atWork -= 1;
      this.#mergedAtWork -= merged;
      if (merged > 0) this.#rest(restMs(clock.monotonicMs() - startMs));
      this.#begin();
    };
    work.then(ended, ended);
  }

  #howMany(mergeable: readonly Waiting[]): number {
    let records = 0;
    let bytes = 0;
    const end = mergeable.findIndex(({ batch }, n) => {
      records += batch.records.length;
      bytes += bytesOf(batch);
      return n > 0 && (records > this.#parts.maxRecords || bytes > MAX_BATCH_BYTES);
    });
    return end === -1 ? mergeable.length : end;
  }
}

function bytesOf({ records }: RecordBatch): number {
  return records.reduce((sum, { value }) => sum + value.byteLength, 0);
}
