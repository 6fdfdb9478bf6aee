import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, type ConsumingService } from "@cloister/messaging";
import { identifySealedMessage, replyFailedRecords, replyWaitingRecords } from "@cloister/messaging/sealed-events";
import {
  passageSchema,
  sealedPassageReader,
  staticEmbedder,
  VectorTransforms,
  type PassageTables,
} from "@cloister/retrieval";
import { ServiceMetrics, startService, type RunningService } from "@cloister/service";
import { InProcessLiveFrames, prepareSchema, PartitionKeeper, schemaOf } from "@cloister/storage";
import { classify } from "./classify.ts";
import { inferenceMetrics } from "./inference.metrics.ts";
import { InferenceModule } from "./inference.module.ts";
import type { InferenceConfig, InferencePorts } from "./inference.ports.ts";
import { TimerBeat } from "./live/beat.ts";
import { LiveAnswers } from "./live/live-answers.ts";
import { inferenceMigrations } from "./migrations/index.ts";
import { PassageCache } from "./passage-cache.ts";
import { inferenceSchema, turnPartitions, type InferenceTables, type TurnRow } from "./tables.ts";
import { TurnCache } from "./turn-cache.ts";

/** Its inbox and its offsets: never changed. */
const consumerName = "enclave-inference";
/** Answers are slow and their contexts large: a small batch comes back sooner. */
const maxBatchRecords = 16;

/** Beside the keyring's own sweep, which destroys the keys whose leases ended. */
const sweepEveryMs = 5_000;

/**
 * Starts enclave-inference: migrates or checks its schema, joins chat.redacted.v1.
 * @throws ServiceError START_FAILED, StorageError MIGRATION_FAILED, SCHEMA_OUTDATED, RetrievalError MODEL_ALTERED
 */
export async function startInference(config: InferenceConfig, ports: InferencePorts): Promise<ConsumingService> {
  const { db, messages, keyring, runtime, clock, log, failpoints } = ports;
  await prepareSchema(db, inferenceSchema, inferenceMigrations);
  const tables = schemaOf<InferenceTables>(db, inferenceSchema);
  const metrics = new ServiceMetrics("enclave-inference");
  const counted = inferenceMetrics(metrics);
  const live = new LiveAnswers({
    frames: ports.liveFrames ?? new InProcessLiveFrames(),
    beat: ports.beat ?? new TimerBeat(),
    keyring,
    clock,
    metrics: counted,
  });
  const embedder = ports.embedder ?? staticEmbedder();
  const cache = new PassageCache();
  const turnCache = new TurnCache();
  // A timer only empties sooner what its next use would refuse: each key is looked at then.
  const sweeper = setInterval(() => {
    cache.sweep(clock.nowMs());
    turnCache.sweep(clock.nowMs());
    counted.held(cache.bytes);
  }, sweepEveryMs).unref();
  const stopping = new AbortController();
  const consumer = defineConsumer<InferenceTables, TurnRow>({
    name: consumerName,
    topic: topics.redacted,
    db: tables,
    schema: inferenceSchema,
    identify: identifySealedMessage,
    onDeadLetter: replyFailedRecords,
    onParked: replyWaitingRecords,
    ...(config.parking && { parking: config.parking }),
    classify,
    writeAll: async (tx, turns) => {
      await tx
        .insertInto("turn")
        .values([...turns])
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    maxBatchRecords,
    merging: "beginning",
  });
  const strategy = new LogStrategy({
    consumers: [consumer],
    messages,
    clock,
    log,
    metrics,
    ...(failpoints && { failpoints }),
  });
  const service = await startService({
    name: "enclave-inference",
    module: InferenceModule.register({
      db: tables,
      turnPartitions: new PartitionKeeper(db.kysely, turnPartitions),
      passages: ports.passages ?? sealedPassageReader(schemaOf<PassageTables>(db, passageSchema)),
      cache,
      turnCache,
      embedder,
      transforms: new VectorTransforms(embedder.model.dimension),
      searches: counted,
      keyring,
      runtime,
      clock,
      metrics: counted,
      live,
      stopping: stopping.signal,
      maxConcurrentAnswers: config.maxConcurrentAnswers ?? 4,
    }),
    log,
    clock,
    metrics,
    strategy,
    ...(config.http && { http: config.http }),
    release: [
      async () => {
        live.close();
        clearInterval(sweeper);
        cache.clear();
        turnCache.clear();
        keyring.close();
      },
    ],
  });
  const { deadLetters } = strategy;
  return { ...service, deadLetters, close: () => closeWithin(service, stopping, config.stopGraceMs ?? 15_000) };
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
