import type { Log } from "@cloister/service";
import type { ConsumeOptions, TopicPartition } from "./message-log.ts";

/** Tells a consumer that a partition is given up. What it could not do then, the next owner does. */
export async function revoked(options: ConsumeOptions, where: TopicPartition, log: Log): Promise<void> {
  try {
    await options.onRevoked?.(where);
  } catch (error) {
    const { topic, partition } = where;
    log.warn("a partition was given up with work left for its next owner", {
      topic,
      partition,
      group: options.group,
      error,
    });
  }
}
