export { defaultClassify } from "./classify.ts";
export type { ConsumerDefinition, Merging, Step } from "./consumer.ts";
export {
  DeadLetters,
  type Burial,
  type ConsumingService,
  type DeadLetter,
  type LetterFilter,
  type LetterPlace,
} from "./dead-letters.ts";
export { defineConsumer } from "./define-consumer.ts";
export { GAPS, type Failpoints, type Gap } from "./failpoints.ts";
export { messageLogFromEnvironment, type LogOwner } from "./log-from-environment.ts";
export { LogStrategy, type LogStrategyOptions } from "./log-strategy.ts";
export { kafkaConnection, kafkaVariables, logVariables } from "./log-variables.ts";
export { MAX_BATCH_BYTES, MAX_RECORD_BYTES } from "./message-log.ts";
export type {
  ConsumeOptions,
  Consumption,
  LogRecord,
  MessageLog,
  OutgoingRecord,
  RecordBatch,
  TopicDefinition,
  TopicPartition,
} from "./message-log.ts";
export { MessagingError, messagingErrors, recordErrors, type MessagingErrorCode } from "./messaging-error.ts";
export { Outbox, type OutboxOptions } from "./outbox.ts";
export { defaultParkingLimits, type ParkingLimits } from "./parking-limits.ts";
export { parkingLimits, parkingVariables } from "./parking-variables.ts";
export { defaultPartitions, pipelineTopics } from "./pipeline-topics.ts";
export { LOG_SCHEMA, logMigrations, logOwned } from "./postgres/log-tables.ts";
export { PostgresMessageLog, type PostgresLogOptions } from "./postgres/postgres-message-log.ts";
export { protocolGrant, protocolMigrations } from "./protocol-tables.ts";
export {
  done,
  failed,
  type ConsumedBatch,
  type ConsumedRecord,
  type Done,
  type Failed,
  type Failure,
  type FailureKind,
  type RecordIdentity,
  type RecordResult,
} from "./record-result.ts";
