import type { Log } from "@cloister/service";
import pLimit from "p-limit";
import type { ConsumeOptions, LogRecord, TopicPartition } from "../message-log.ts";
import { OffsetCommitter, type GroupOffset } from "./offset-committer.ts";
import { QueuedWorker } from "./queued-worker.ts";
import { whenAborted } from "../when-aborted.ts";

/** What the work of a group's member needs of its client. */
export interface GroupClient {
  /** Of the current generation; called with owned partitions only, one call at a time. */
  commit(offsets: readonly GroupOffset[]): Promise<void>;
  /** The partition's queue is full: fetch nothing more of it. What was fetched already may still be handed over. */
  pause(where: TopicPartition): void;
  resume(where: TopicPartition): void;
}

export interface GroupWorkParts {
  readonly options: ConsumeOptions;
  readonly client: GroupClient;
  readonly log: Log;
}

/**
 * What one member of a Kafka group does with what it fetches, whichever client it uses. The client says what was
 * assigned, hands over what it fetched, and revokes before it joins the group again; it never waits for the work
 * itself, so that its heartbeats go on.
 */
export class GroupWork {
  readonly #parts: GroupWorkParts;
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #committer: OffsetCommitter;
  readonly #workers = new Map<string, QueuedWorker>();
  /** Work that outlasted its revocation, by partition: its successor waits for it. */
  readonly #leaving = new Map<string, Promise<void>>();
  #hasDied = false;

  constructor(parts: GroupWorkParts) {
    this.#parts = parts;
    const { options, client, log } = parts;
    this.#limit = pLimit(options.maxConcurrency ?? 8);
    this.#committer = new OffsetCommitter({
      commit: (offsets) => client.commit(offsets),
      log,
      group: options.group,
    });
  }

  /** True after a consumer's CONSUMER_FATAL; `onFatal` has been told. Nothing is handed over any more. */
  get hasDied(): boolean {
    return this.#hasDied;
  }

  /** After each join of the group, with everything that this member owns now; whatever it had was revoked before. */
  assigned(partitions: readonly TopicPartition[]): void {
    if (this.#hasDied) return;
    const { options, client, log } = this.#parts;
    for (const { topic, partition } of partitions) {
      const where = { topic, partition };
      const key = keyOf(where);
      if (this.#workers.has(key)) continue;
      const worker: QueuedWorker = new QueuedWorker({
        where,
        options,
        log,
        after: this.#leaving.get(key) ?? Promise.resolve(),
        limit: (work) => this.#limit(work),
        // A worker that was revoked while it finished has no say any more.
        done: (offset) => {
          if (this.#workers.get(key) === worker) this.#committer.done(offset);
        },
        died: (error) => this.die(error),
        pause: (one) => client.pause(one),
        resume: (one) => client.resume(one),
      });
      this.#workers.set(key, worker);
    }
  }

  /** Any number of records of one partition, in the order of offsets. Of a partition that is not owned: dropped. */
  fetched(where: TopicPartition, records: readonly LogRecord[]): void {
    this.#workers.get(keyOf(where))?.take(records);
  }

  /**
   * Before the group is joined again or left: tells every partition that it stops, waits for the batches in work, at
   * most `workMs`, then for their commits, at most `commitMs`. Afterwards nothing is committed before the next `assigned`.
   */
  async revoke({ workMs, commitMs }: { readonly workMs?: number; readonly commitMs: number }): Promise<void> {
    const stopped = Promise.all(
      [...this.#workers].map(([key, worker]) => this.#leave(key, this.#hasDied ? worker.stop() : worker.handOver())),
    );
    await (workMs === undefined ? stopped : Promise.race([stopped, whenAborted(AbortSignal.timeout(workMs))]));
    await this.#committer.flush(AbortSignal.timeout(commitMs));
    this.abandon();
  }

  /** As a killed process would: begins nothing and commits nothing any more. */
  abandon(): void {
    for (const [key, worker] of this.#workers) void this.#leave(key, worker.stop());
    this.#workers.clear();
    this.#committer.forget();
  }

  /** Ends all work for good and tells `onFatal`, once. */
  die(error: unknown): void {
    if (this.#hasDied) return;
    this.#hasDied = true;
    for (const [key, worker] of this.#workers) void this.#leave(key, worker.stop());
    this.#parts.options.onFatal(error);
  }

  /** A later owner of the partition in this process waits for it. */
  async #leave(key: string, stopped: Promise<void>): Promise<void> {
    const leaving = Promise.all([this.#leaving.get(key), stopped]).then(() => {
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    });
    this.#leaving.set(key, leaving);
    await stopped;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
