import type { Clock, ConfigOf, Log } from "@cloister/service";
import { wakeUpsFor, type Database, type WakeUps } from "@cloister/storage";
import { kafkaConnection, type logVariables } from "./log-variables.ts";
import type { MessageLog } from "./message-log.ts";
import { pipelineTopics, pipelineTopicsOf } from "./pipeline-topics.ts";
import { PostgresMessageLog } from "./postgres/postgres-message-log.ts";

export interface LogOwner {
  /** The service's name; Kafka's brokers know it by that. */
  readonly service: string;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Of `db`, when the service has them already; for the log in PostgreSQL. */
  readonly wakeUps?: WakeUps;
}

/**
 * The message log that the environment chooses, with the pipeline's topics.
 * @throws ServiceError CONFIG_INVALID, SECRET_FILE_OPEN, SECRET_FILE_UNREADABLE; MessagingError TOPIC_MISMATCH,
 * UNKNOWN_TOPIC, LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED; StorageError MIGRATION_FAILED
 */
export async function messageLogFromEnvironment(
  config: ConfigOf<typeof logVariables>,
  owner: LogOwner,
): Promise<MessageLog> {
  const isOnKafka = config.messageLog === "kafka";
  const messages = isOnKafka ? await onKafka(config, owner) : await onPostgres(owner);
  await messages.ensureTopics(isOnKafka ? pipelineTopicsOf(config.kafkaPartitions) : pipelineTopics);
  return messages;
}

function onPostgres({ db, clock, log, wakeUps = wakeUpsFor(db) }: LogOwner): Promise<MessageLog> {
  return PostgresMessageLog.open({ db, clock, log, wakeUps });
}

/** A client is loaded when it is chosen: each is large. */
async function onKafka(config: ConfigOf<typeof logVariables>, { service, clock, log }: LogOwner): Promise<MessageLog> {
  const options = {
    connection: await kafkaConnection(config, service),
    flowDays: config.kafkaFlowDays,
    clock,
    log,
  };
  switch (config.kafkaClient) {
    case "kafkajs": {
      const { KafkajsMessageLog } = await import("./kafka/kafkajs/kafkajs-message-log.ts");
      return new KafkajsMessageLog(options);
    }
    case "platformatic": {
      const { PlatformaticMessageLog } = await import("./kafka/platformatic/platformatic-message-log.ts");
      return new PlatformaticMessageLog(options);
    }
  }
}
