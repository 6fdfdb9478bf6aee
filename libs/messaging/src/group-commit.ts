import { isOutage, isStatementTimeout } from "@cloister/storage";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { pause } from "./backoff.ts";
import { howManyFit, PATIENCE_MS, sizeOf, type BatchSize } from "./batch-bounds.ts";
import type { HowAlone } from "./batch-merger.ts";
import type { BatchToCommit, OutboxSeqs } from "./commit-batch.ts";
import { outputsOf, recordOf } from "./outcome.ts";

interface Waiting {
  readonly batch: BatchToCommit;
  readonly settle: (commit: Promise<OutboxSeqs>) => void;
}

/**
 * Commits together, by one transaction, what comes at the same time or while another one is under way: it costs about the
 * same for many records as for one. Together they are no larger than a batch may be, unless a single one is. What waits
 * for a lock holds up those of its group until the database gives up on it, and others for a tenth of a second.
 */
export class GroupCommit {
  readonly #commit: (batch: BatchToCommit) => Promise<OutboxSeqs>;
  #waiting: readonly Waiting[] = [];
  #running: Promise<void> | undefined;

  readonly #patienceMs: number;

  /** `commit` does all or nothing of a batch. */
  constructor(commit: (batch: BatchToCommit) => Promise<OutboxSeqs>, patienceMs = PATIENCE_MS) {
    this.#commit = commit;
    this.#patienceMs = patienceMs;
  }

  /** As `commit` by itself: what another one's fault undid is done once more, alone, unless the database is away. */
  run(batch: BatchToCommit, { isAlone }: HowAlone): Promise<OutboxSeqs> {
    if (isAlone) return this.#commit(batch);
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { batch, settle: resolve }];
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // Answers that came at the same time go together.
    await turnOfTheLoop();
    while (this.#waiting.length > 0) {
      const sizes = this.#waiting.map(({ batch }) => sizeOfCommit(batch));
      const group = this.#waiting.slice(0, howManyFit(sizes));
      this.#waiting = this.#waiting.slice(group.length);
      const over = new AbortController();
      void this.#commitSome(group).finally(() => over.abort());
      await pause(this.#patienceMs, over.signal);
    }
    // In the same turn as the last look, so that no call comes between.
    this.#running = undefined;
  }

  /** Never rejects. */
  async #commitSome(group: readonly Waiting[]): Promise<void> {
    const commit = this.#commitTogether(group.map(({ batch }) => batch));
    const isEverybodys = await commit.then(
      () => true,
      (error: unknown) => group.length === 1 || (isOutage(error) && !isStatementTimeout(error)),
    );
    const ends = group.map(({ batch, settle }) => {
      const end = isEverybodys ? commit : this.#commit(batch);
      settle(end);
      return end;
    });
    await Promise.allSettled(ends);
  }

  async #commitTogether(batches: readonly BatchToCommit[]): Promise<OutboxSeqs> {
    return this.#commit(together(batches));
  }
}

/** Batches of different partitions, as one. @throws Error when two are of one: what one of them sends would be lost */
function together(batches: readonly BatchToCommit[]): BatchToCommit {
  const lanes = batches.flatMap((batch) => [...batch.lanes]);
  const byPartition = new Map(lanes);
  if (byPartition.size < lanes.length) throw new Error("batches of one partition are committed one after the other");
  return {
    outcomes: batches.flatMap(({ outcomes }) => outcomes),
    lanes: byPartition,
    moves: batches.flatMap(({ moves }) => moves),
    nowMs: Math.max(...batches.map(({ nowMs }) => nowMs)),
    unparked: batches.flatMap(({ unparked }) => unparked),
  };
}

/** The consumer's own rows apart. The records themselves count, since they are written if they are parked or dead. */
function sizeOfCommit({ outcomes, unparked }: BatchToCommit): BatchSize {
  const { bytes } = sizeOf(outcomes.flatMap((outcome) => [recordOf(outcome), ...outputsOf(outcome)]));
  return { records: outcomes.length + unparked.length, bytes };
}
