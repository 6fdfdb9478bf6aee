import type { Log } from "@cloister/service";
import { backoffMs, pause } from "../backoff.ts";
import type { TopicPartition } from "../message-log.ts";
import { whenAborted } from "../when-aborted.ts";

/** How far a group is in a partition. */
export interface GroupOffset extends TopicPartition {
  /** Of the next record to be read: one after the last that was handled. */
  readonly nextOffset: number;
}

export interface CommitterOptions {
  /** Never called again before it settles, and never between `forget` and the next `done`. */
  readonly commit: (offsets: readonly GroupOffset[]) => Promise<void>;
  readonly log: Log;
  readonly group: string;
  /** How long offsets wait for more, ms; 250. What a crash leaves uncommitted is done again without effect. */
  readonly everyMs?: number;
}

/**
 * Commits offsets behind the consumers' backs: an awaited commit costs 5 ms a batch, as the group's coordinator lingers
 * before it appends. One request at a time with the newest offset of each partition, so that none goes back or ahead.
 */
export class OffsetCommitter {
  readonly #options: CommitterOptions;
  #pending = new Map<string, GroupOffset>();
  #running: Promise<void> | undefined;
  /** Ends the pause before a commit. */
  #hurry = new AbortController();
  /** Counts `forget`s, so that what failed before one is not tried again after it. */
  #epoch = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Everything before `nextOffset` is handled. Called in the order of offsets. */
  done(offset: GroupOffset): void {
    this.#pending.set(keyOf(offset), offset);
    this.#running ??= this.#run();
  }

  /** Resolves when everything is committed, or forgotten, or at the signal. */
  async flush(giveUp: AbortSignal): Promise<void> {
    while (this.#pending.size > 0 || this.#running !== undefined) {
      if (giveUp.aborted) return;
      this.#hurry.abort();
      await Promise.race([this.#running, whenAborted(giveUp)]);
    }
  }

  /** Commits nothing of what was done so far any more: the partitions are no longer ours. */
  forget(): void {
    this.#epoch += 1;
    this.#pending.clear();
    this.#hurry.abort();
  }

  async #run(): Promise<void> {
    const { everyMs = 250 } = this.#options;
    for (let failures = 0; this.#pending.size > 0;) {
      await pause(failures === 0 ? everyMs : backoffMs(failures), this.#hurry.signal);
      this.#hurry = new AbortController();
      if (this.#pending.size > 0) failures = (await this.#commit()) ? 0 : failures + 1;
    }
    // In the same turn as the last look, so that nothing is done between.
    this.#running = undefined;
  }

  async #commit(): Promise<boolean> {
    const { commit, log, group } = this.#options;
    const epoch = this.#epoch;
    const offsets = this.#pending;
    this.#pending = new Map();
    try {
      await commit([...offsets.values()]);
      return true;
    } catch (error) {
      log.warn("offsets could not be committed", { group, count: offsets.size, error });
      // A newer offset of a partition that came meanwhile stays the newer one.
      if (epoch === this.#epoch) this.#pending = new Map([...offsets, ...this.#pending]);
      return false;
    }
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
