import type { Clock } from "@cloister/service";
import { howManyFit, PATIENCE_MS, sizeOf } from "./batch-bounds.ts";
import { MAX_BATCH_BYTES, type RecordBatch } from "./message-log.ts";
import { restMs } from "./resting.ts";

const MOST_AT_ONCE = 8;
/** One place is left for those that have not failed. */
const MOST_ALONE = MOST_AT_ONCE - 1;

export interface HowAlone {
  /** It failed before: no other is to wait for what it waits for. */
  readonly isAlone: boolean;
}

export interface BatchMergerParts {
  /** What is merged has no more records than this, and no more than MAX_BATCH_BYTES, unless a single batch has. */
  readonly maxRecords: number;
  readonly clock: Clock;
  /** Begins work on all of them. Resolves, when the next may be begun, to each one's end; its rejection is told to each. */
  readonly work: (batches: readonly RecordBatch[], how: HowAlone) => Promise<readonly Promise<void>[]>;
}

interface Waiting extends HowAlone {
  readonly batch: RecordBatch;
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
 * batches, whose transaction and whose records cost little each, and an idle one waits for nothing. One merged batch is
 * worked on at a time, since a second would make both small, unless it is slow.
 */
export class BatchMerger {
  readonly #parts: BatchMergerParts;
  #waiting: readonly Waiting[] = [];
  #atWork = 0;
  #mergedAtWork = 0;
  // By the machine's time: nothing else depends on when they end.
  /** Set while the merged one that was begun last isn't slow yet. */
  #patience: NodeJS.Timeout | undefined;
  /** Set while the rest after the last one isn't over. */
  #resting: NodeJS.Timeout | undefined;

  constructor(parts: BatchMergerParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the batch was worked on, merged with others unless it is to be alone. One call at a time for each
   * partition. @throws GivenUp when the partition stops before the batch was begun; what `work` throws
   */
  run(batch: RecordBatch, stopping: AbortSignal, { isAlone }: HowAlone): Promise<void> {
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

  #begin(): void {
    for (let next = this.#next(); next.length > 0; next = this.#next()) this.#start(next);
  }

  /** What may be begun now. When that is nothing, an end or a timer asks again. */
  #next(): readonly Waiting[] {
    if (this.#atWork >= MOST_AT_ONCE) return [];
    const alone = this.#waiting.find((one) => one.isAlone);
    if (alone !== undefined && this.#atWork - this.#mergedAtWork < MOST_ALONE) return [alone];
    const mergeable = this.#waiting.filter((one) => !one.isAlone);
    const isHeldBack =
      this.#mergedAtWork > 0
        ? this.#patience !== undefined
        : this.#resting !== undefined && !this.#isHalfFull(mergeable);
    if (isHeldBack) return [];
    const sizes = mergeable.map(({ batch }) => sizeOf(batch.records));
    return mergeable.slice(0, howManyFit(sizes, this.#parts.maxRecords));
  }

  #isHalfFull(mergeable: readonly Waiting[]): boolean {
    const { records, bytes } = sizeOf(mergeable.flatMap(({ batch }) => batch.records));
    return 2 * records >= this.#parts.maxRecords || 2 * bytes >= MAX_BATCH_BYTES;
  }

  #start(taken: readonly Waiting[]): void {
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    const isAlone = taken.some((one) => one.isAlone);
    this.#waiting = this.#waiting.filter((one) => !taken.includes(one));
    this.#atWork += 1;
    if (!isAlone) {
      this.#mergedAtWork += 1;
      this.#beImpatientLater();
    }
    const batches = taken.map(({ batch }) => batch);
    const work = this.#parts.work(batches, { isAlone });
    taken.forEach(({ settle }, n) => settle(work.then((ends) => ends[n])));
    const ended = (): void => {
      this.#atWork -= 1;
      if (!isAlone) {
        this.#mergedAtWork -= 1;
        if (this.#mergedAtWork === 0) clearTimeout(this.#patience);
        this.#rest(restMs(clock.monotonicMs() - startMs));
      }
      this.#begin();
    };
    work.then(ended, ended);
  }

  #beImpatientLater(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#patience = undefined;
      this.#begin();
    }, PATIENCE_MS);
  }

  #rest(ms: number): void {
    if (ms <= 0) return;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.#begin();
    }, ms);
  }
}
