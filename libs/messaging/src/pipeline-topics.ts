import { topics } from "@cloister/contracts/topics";
import type { TopicDefinition } from "./message-log.ts";

/** A topic's partitions decide which records of a conversation come in order: on PostgreSQL they are for ever. */
export const defaultPartitions = 8;

/** What `ensureTopics` is given by each service, whichever starts first. */
export const pipelineTopics: readonly TopicDefinition[] = pipelineTopicsOf(defaultPartitions);

/** The same with another number of partitions, as Kafka's may have. */
export function pipelineTopicsOf(partitions: number): TopicDefinition[] {
  return Object.values(topics).map((name) => ({ name, partitions }));
}
