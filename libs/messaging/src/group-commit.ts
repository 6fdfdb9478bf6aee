import { isOutage } from "@cloister/storage";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { pause } from "./backoff.ts";
import { together, type BatchToCommit, type SentSeqs } from "./commit-batch.ts";
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from "./message-log.ts";
import { outputsOf, recordOf } from "./outcome.ts";

/** One that takes longer, such as one that waits for a lock, holds up the others no more. */
const PATIENCE_MS = 100;

interface Waiting {
  readonly batch: BatchToCommit;
  readonly settle: (commit: Promise<SentSeqs>) => void;
}

/**
 * Commits together, by one transaction, what comes at the same time or while another one is under way: it costs about the
 * same for many records as for one. Together they are no larger than a batch may be, unless a single one is.
 */
export class GroupCommit {
  readonly #commit: (batch: BatchToCommit) => Promise<SentSeqs>;
  #waiting: readonly Waiting[] = [];
  #running: Promise<void> | undefined;

  /** `commit` does all or nothing of a batch. */
  constructor(commit: (batch: BatchToCommit) => Promise<SentSeqs>) {
    this.#commit = commit;
  }

  /** As `commit` by itself: what another one's fault undid is done once more, alone, unless the database is away. */
  run(batch: BatchToCommit): Promise<SentSeqs> {
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { batch, settle: resolve }];
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // Answers that came at the same time go together.
    await turnOfTheLoop();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, this.#howMany());
      this.#waiting = this.#waiting.slice(group.length);
      const over = new AbortController();
      void this.#commitSome(group).finally(() => over.abort());
      await pause(PATIENCE_MS, over.signal);
    }
    // In the same turn as the last look, so that no call comes between.
    this.#running = undefined;
  }

  /** Never rejects. */
  async #commitSome(group: readonly Waiting[]): Promise<void> {
    const commit = this.#commit(together(group.map(({ batch }) => batch)));
    const isOurs = await commit.then(
      () => true,
      (error: unknown) => group.length === 1 || isOutage(error),
    );
    const ends = group.map(({ batch, settle }) => {
      const end = isOurs ? commit : this.#commit(batch);
      settle(end);
      return end;
    });
    await Promise.allSettled(ends);
  }

  #howMany(): number {
    let [records, bytes] = [0, 0];
    const end = this.#waiting.findIndex(({ batch }, n) => {
      records += batch.outcomes.length + batch.unparked.length;
      bytes += bytesOf(batch);
      return n > 0 && (records > MAX_BATCH_RECORDS || bytes > MAX_BATCH_BYTES);
    });
    return end === -1 ? this.#waiting.length : end;
  }
}

/** Of what is written for the records, and of the records, which are written if they are parked or dead. */
function bytesOf({ outcomes }: BatchToCommit): number {
  const values = outcomes.flatMap((outcome) => [recordOf(outcome), ...outputsOf(outcome)]);
  return values.reduce((sum, { value }) => sum + value.byteLength, 0);
}
