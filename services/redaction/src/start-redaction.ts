import { classifyKeyed } from "@cloister/keyring/consuming";
import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, type ConsumingService } from "@cloister/messaging";
import { identifySealedMessage, replyFailedRecords, replyWaitingRecords } from "@cloister/messaging/sealed-events";
import { ServiceMetrics, startService } from "@cloister/service";
import { prepareSchema, schemaOf } from "@cloister/storage";
import { ConversationStore, type RedactionWrite } from "./map/conversation-store.ts";
import { redactionMigrations } from "./migrations/index.ts";
import { RedactionModule } from "./redaction.module.ts";
import type { RedactionConfig, RedactionPorts } from "./redaction.ports.ts";
import { refusingModel } from "./refusing-model.ts";
import { redactionSchema, type RedactionTables } from "./tables.ts";
import { TextThread } from "./text-work/text-thread.ts";

/** Its inbox and its offsets: never changed. */
const consumerName = "redaction";

/**
 * Starts redaction: loads the names model that was brought, migrates or checks its schema, joins chat.inbound.v1.
 * @throws RedactionError MODEL_UNUSABLE, ServiceError START_FAILED, StorageError MIGRATION_FAILED, SCHEMA_OUTDATED
 */
export async function startRedaction(config: RedactionConfig, ports: RedactionPorts): Promise<ConsumingService> {
  const { db, messages, keyring, clock, log, failpoints } = ports;
  const thread = new TextThread(config.namesModel);
  await refusingModel(thread.openModel());
  await prepareSchema(db, redactionSchema, redactionMigrations);
  const metrics = new ServiceMetrics("redaction");
  const consumer = defineConsumer<RedactionTables, RedactionWrite>({
    name: consumerName,
    topic: topics.inbound,
    db: schemaOf<RedactionTables>(db, redactionSchema),
    schema: redactionSchema,
    identify: identifySealedMessage,
    onDeadLetter: replyFailedRecords,
    onParked: replyWaitingRecords,
    ...(config.parking && { parking: config.parking }),
    classify: classifyKeyed,
    writeAll: (tx, writes) => ConversationStore.write(tx, writes),
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
    name: "redaction",
    module: RedactionModule.register(config, ports, thread),
    log,
    clock,
    metrics,
    strategy,
    ...(config.http && { http: config.http }),
    release: [
      async () => {
        keyring.close();
      },
      () => thread.close(),
    ],
  });
  return { ...service, deadLetters: strategy.deadLetters };
}
