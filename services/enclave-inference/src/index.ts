import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, protocolPartitions, type LogRecord } from "@cloister/messaging";
import { identifySealedMessage, readSealedMessage, replyFailedRecords } from "@cloister/messaging/sealed-events";
import { passageSchema, sealedPassageReader, type PassageTables } from "@cloister/retrieval";
import { ServiceMetrics, startService, type RunningService } from "@cloister/service";
import { migrate, PartitionKeeper, schemaOf, type PartitionedTable } from "@cloister/storage";
import { classify } from "./classify.ts";
import { inferenceMetrics } from "./inference.metrics.ts";
import { InferenceModule } from "./inference.module.ts";
import { inferenceMigrations } from "./migrations/index.ts";
import type { InferencePorts } from "./ports.ts";
import { inferenceSchema, turnPartitions, type InferenceTables, type TurnRow } from "./tables.ts";

export { extractiveRuntime } from "./adapters/extractive/extractive-runtime.ts";
export { openAiRuntime, type OpenAiRuntimeOptions } from "./adapters/openai/openai-runtime.ts";
export { securityConfiguration, type ModelRuntimeName, type ModelConfiguration } from "./security-configuration.ts";
export { inferenceMigrations } from "./migrations/index.ts";
export {
  ModelError,
  type ModelAnswer,
  type ModelErrorCode,
  type ModelEvent,
  type ModelPassage,
  type ModelRequest,
  type ModelRuntime,
  type ModelSource,
  type ModelTurn,
} from "./model/model-runtime.ts";
export type { InferencePorts, KeySource } from "./ports.ts";

/** What simulated evidence measures. */
export const codeFolder = new URL(".", import.meta.url);

export interface InferenceOptions {
  /** Where health and metrics are served; absent: nowhere. */
  readonly http?: { readonly host: string; readonly port: number };
  /** So many questions are before the model at once; 4. */
  readonly maxConcurrentAnswers?: number;
  /** How long a drain waits for answers in work before it gives them up, to be asked for again after the next start; 15 s. */
  readonly stopGraceMs?: number;
}

/** What retention drops with a `log` bucket. */
export const inferenceLogPartitions: readonly PartitionedTable[] = turnPartitions;
/** What retention drops with a `flow` bucket. */
export const inferenceFlowPartitions: readonly PartitionedTable[] = protocolPartitions(inferenceSchema);

/** Its inbox and its offsets: never changed. */
const consumerName = "enclave-inference";
/** Answers are slow and their contexts large: a small batch comes back sooner. */
const maxBatchRecords = 16;

export async function startEnclaveInference(options: InferenceOptions, ports: InferencePorts): Promise<RunningService> {
  const { db, clock, log } = ports;
  await migrate(db, inferenceSchema, inferenceMigrations);
  const tables = schemaOf<InferenceTables>(db, inferenceSchema);
  const metrics = new ServiceMetrics("enclave-inference");
  const stopping = new AbortController();
  const consumer = defineConsumer<InferenceTables, TurnRow>({
    name: consumerName,
    topic: topics.redacted,
    db: tables,
    schema: inferenceSchema,
    identify: identifySealedMessage,
    // The reader knows the message by the id that its own client gave it.
    onDeadLetter: (record, failure, identity) =>
      replyFailedRecords(record, failure, identity && { ...identity, messageId: clientMessageId(record) }),
    classify,
    writeAll: async (tx, turns) => {
      await tx
        .insertInto("turn")
        .values([...turns])
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    maxBatchRecords,
  });
  const service = await startService({
    name: "enclave-inference",
    module: InferenceModule.register({
      db: tables,
      turnPartitions: new PartitionKeeper(db.kysely, turnPartitions),
      passages: ports.passages ?? sealedPassageReader(schemaOf<PassageTables>(db, passageSchema)),
      keys: ports.keys,
      runtime: ports.runtime,
      clock,
      metrics: inferenceMetrics(metrics),
      stopping: stopping.signal,
      maxConcurrentAnswers: options.maxConcurrentAnswers ?? 4,
    }),
    log,
    clock,
    metrics,
    strategy: new LogStrategy({
      consumers: [consumer],
      messages: ports.messages,
      clock,
      log,
      metrics,
      ...(ports.failpoints && { failpoints: ports.failpoints }),
    }),
    ...(options.http && { http: options.http }),
    release: [
      async () => {
        ports.keys.close();
      },
    ],
  });
  return { ...service, close: () => closeWithin(service, stopping, options.stopGraceMs ?? 15_000) };
}

/** A drain waits for what is in work; a model that takes longer than the grace is given up, and asked again later. */
async function closeWithin(service: RunningService, stopping: AbortController, graceMs: number): Promise<void> {
  const timer = setTimeout(() => stopping.abort(), graceMs);
  try {
    await service.close();
  } finally {
    clearTimeout(timer);
  }
}

function clientMessageId(record: LogRecord): Uint8Array {
  const { causeId, messageId } = readSealedMessage(record).envelope.header;
  return causeId ?? messageId;
}
