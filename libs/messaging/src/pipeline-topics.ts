import { topics } from "@cloister/contracts/topics";
import type { TopicDefinition } from "./message-log.ts";

/** A topic's partitions are for ever: they decide which records of a conversation come in order. */
export const defaultPartitions = 8;

/** What `ensureTopics` is given by each service on the Postgres log, whichever starts first. */
export const pipelineTopics: readonly TopicDefinition[] = Object.values(topics).map((name) => ({
  name,
  partitions: defaultPartitions,
}));
