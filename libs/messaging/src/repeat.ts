import type { Log } from "@cloister/service";
import { backoffMs, pause } from "./backoff.ts";
import type { TopicPartition } from "./message-log.ts";
import { MessagingError } from "./messaging-error.ts";

export interface RepeatOptions {
  readonly log: Log;
  readonly group: string;
  readonly where: TopicPartition;
  /** Ends the repetition between two attempts, and its pauses. */
  readonly stopping: AbortSignal;
}

/** `stopped` before it succeeded; `dead` when it threw CONSUMER_FATAL, which `died` was told. */
export type Repeated = "done" | "stopped" | "dead";

/** Does a partition's work again, with growing pauses, until it succeeds. */
export async function repeat(
  { log, group, where, stopping }: RepeatOptions,
  work: () => Promise<void>,
  died: (error: unknown) => void,
): Promise<Repeated> {
  const isStopped = (): boolean => stopping.aborted;
  for (let attempt = 0; ; attempt++) {
    try {
      await work();
      return "done";
    } catch (error) {
      if (error instanceof MessagingError && error.code === "CONSUMER_FATAL") {
        died(error);
        return "dead";
      }
      // Whoever has the partition next does it, and says so if it fails there, too.
      if (isStopped()) return "stopped";
      const { topic, partition } = where;
      log.warn("a batch will be tried again", { topic, partition, group, attempt, error });
      await pause(backoffMs(attempt), stopping);
      if (isStopped()) return "stopped";
    }
  }
}
