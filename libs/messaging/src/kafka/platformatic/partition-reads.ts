import type { TopicPartition } from "../../message-log.ts";

/** Where the reading of an owned partition is. */
export interface PartitionRead extends TopicPartition {
  /** Of the next record to be fetched. */
  nextOffset: bigint;
  /** Its queue is full. */
  isPaused: boolean;
  /** In how many requests it was left out since then. */
  leftOut: number;
  care: Care;
  /** When it was last asked for, counted in requests. */
  turn: number;
}

/**
 * How it is asked for, since an answer with one unreadable batch is lost as a whole: with all others; by itself; by itself
 * and a batch at a time; not any more, because its next batch is the unreadable one.
 */
export type Care = "together" | "alone" | "by-batch" | "held";

/** The partitions that a member owns. An assignment replaces all: what was fetched for an older one finds no place. */
export class PartitionReads {
  #reads = new Map<string, PartitionRead>();

  replace(positions: readonly (TopicPartition & { readonly nextOffset: bigint })[]): void {
    this.#reads = new Map(
      positions.map((one) => [keyOf(one), { ...one, isPaused: false, leftOut: 0, care: "together", turn: 0 }]),
    );
  }

  clear(): void {
    this.#reads = new Map();
  }

  all(): PartitionRead[] {
    return [...this.#reads.values()];
  }

  /** True while this very read is the partition's. */
  has(read: PartitionRead): boolean {
    return this.#reads.get(keyOf(read)) === read;
  }

  pause(where: TopicPartition, isPaused: boolean): void {
    const read = this.#reads.get(keyOf(where));
    if (read === undefined) return;
    read.isPaused = isPaused;
    read.leftOut = 0;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
