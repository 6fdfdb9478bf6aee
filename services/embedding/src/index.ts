import { classifyKeyed } from "@cloister/keyring/consuming";
import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, protocolPartitions, type LogRecord } from "@cloister/messaging";
import { identifySealedMessage, readSealedMessage, replyFailedRecords } from "@cloister/messaging/sealed-events";
import { passagePartitions, passageSchema, sealedVectorIndex, type PassageTables } from "@cloister/retrieval";
import { ServiceMetrics, startService, type RunningService } from "@cloister/service";
import { migrate, schemaOf, type PartitionedTable } from "@cloister/storage";
import { EmbeddingModule } from "./embedding.module.ts";
import type { PassageWrite } from "./embedding.pipeline.ts";
import { embeddingMigrations } from "./migrations/index.ts";
import type { EmbeddingPorts } from "./ports.ts";
import { storePassages } from "./store-passages.ts";

export type { EmbeddingPorts, KeySource } from "./ports.ts";
export { securityConfiguration } from "./security-configuration.ts";
export { embeddingMigrations } from "./migrations/index.ts";

/** What simulated evidence measures. */
export const codeFolder = new URL(".", import.meta.url);

export interface EmbeddingOptions {
  /** Where health and metrics are served; absent: nowhere. */
  readonly http?: { readonly host: string; readonly port: number };
}

/** What retention drops with a `vector` bucket. */
export const embeddingVectorPartitions: readonly PartitionedTable[] = passagePartitions;
/** What retention drops with a `flow` bucket. */
export const embeddingFlowPartitions: readonly PartitionedTable[] = protocolPartitions(passageSchema);

/** Its inbox and its offsets: never changed. */
const consumerName = "embedding";

export async function startEmbedding(options: EmbeddingOptions, ports: EmbeddingPorts): Promise<RunningService> {
  const { db, clock, log } = ports;
  await migrate(db, passageSchema, embeddingMigrations);
  const index = ports.index ?? sealedVectorIndex(db);
  const metrics = new ServiceMetrics("embedding");
  const stored = metrics.counter("passages", "Passages stored");
  const consumer = defineConsumer<PassageTables, PassageWrite>({
    name: consumerName,
    topic: topics.redacted,
    db: schemaOf<PassageTables>(db, passageSchema),
    schema: passageSchema,
    identify: identifySealedMessage,
    // The reader knows the message by the id that its own client gave it.
    onDeadLetter: (record, failure, identity) =>
      replyFailedRecords(record, failure, identity && { ...identity, messageId: clientMessageId(record) }),
    classify: classifyKeyed,
    writeAll: async (tx, writes) => {
      await storePassages(index, tx, writes);
      stored.inc(writes.reduce((count, write) => count + write.passages.length, 0));
    },
  });
  return startService({
    name: "embedding",
    module: EmbeddingModule.register({ keys: ports.keys, index, clock, log }),
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
}

function clientMessageId(record: LogRecord): Uint8Array {
  const { causeId, messageId } = readSealedMessage(record).envelope.header;
  return causeId ?? messageId;
}
