import { classifyKeyed } from "@cloister/keyring/consuming";
import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, type ConsumingService } from "@cloister/messaging";
import { identifySealedMessage, replyFailedRecords } from "@cloister/messaging/sealed-events";
import { passageSchema, sealedVectorIndex, staticEmbedder, type PassageTables } from "@cloister/retrieval";
import { ServiceMetrics, startService } from "@cloister/service";
import { prepareSchema, schemaOf } from "@cloister/storage";
import { EmbeddingModule } from "./embedding.module.ts";
import type { PassageWrite } from "./embedding.pipeline.ts";
import type { EmbeddingConfig, EmbeddingPorts } from "./embedding.ports.ts";
import { embeddingMigrations } from "./migrations/index.ts";
import { storePassages } from "./store-passages.ts";

/** Its inbox and its offsets: never changed. */
const consumerName = "embedding";

/**
 * Starts embedding: migrates or checks its schema, joins chat.redacted.v1.
 * @throws ServiceError START_FAILED, StorageError MIGRATION_FAILED, SCHEMA_OUTDATED, RetrievalError MODEL_ALTERED
 */
export async function startEmbedding(config: EmbeddingConfig, ports: EmbeddingPorts): Promise<ConsumingService> {
  const { db, messages, keyring, clock, log, failpoints } = ports;
  await prepareSchema(db, passageSchema, embeddingMigrations);
  const index = ports.index ?? sealedVectorIndex(db);
  const embedder = ports.embedder ?? staticEmbedder();
  const metrics = new ServiceMetrics("embedding");
  const stored = metrics.counter("passages", "Passages stored");
  const consumer = defineConsumer<PassageTables, PassageWrite>({
    name: consumerName,
    topic: topics.redacted,
    db: schemaOf<PassageTables>(db, passageSchema),
    schema: passageSchema,
    identify: identifySealedMessage,
    onDeadLetter: replyFailedRecords,
    ...(config.parking && { parking: config.parking }),
    classify: classifyKeyed,
    writeAll: (tx, writes) => storePassages(index, tx, writes),
    onCommitted: (writes) => stored.inc(writes.reduce((count, write) => count + write.passages.length, 0)),
    merging: "whole",
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
    name: "embedding",
    module: EmbeddingModule.register({ keyring, index, embedder, clock, log }),
    log,
    clock,
    metrics,
    strategy,
    ...(config.http && { http: config.http }),
    release: [
      async () => {
        keyring.close();
      },
    ],
  });
  return { ...service, deadLetters: strategy.deadLetters };
}
