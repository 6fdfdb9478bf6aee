import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, protocolMigrations } from "@cloister/messaging";
import { identifySealedMessage, replyFailedRecords } from "@cloister/messaging/sealed-events";
import { ServiceMetrics, startService, type RunningService } from "@cloister/service";
import { migrate, schemaOf } from "@cloister/storage";
import { ConversationStore, type RedactionWrite } from "./map/conversation-store.ts";
import { redactionMigrations } from "./migrations/index.ts";
import { RedactionModule } from "./redaction.module.ts";
import type { RedactionConfig, RedactionPorts } from "./redaction.ports.ts";
import { REDACTION_CONSUMER, REDACTION_SCHEMA, type RedactionTables } from "./tables.ts";

/**
 * Starts redaction: migrates its schema, joins chat.inbound.v1.
 * @throws ServiceError START_FAILED, StorageError MIGRATION_FAILED
 */
export async function startRedaction(config: RedactionConfig, ports: RedactionPorts): Promise<RunningService> {
  const { db, messages, keyring, clock, log, failpoints } = ports;
  await migrate(db, REDACTION_SCHEMA, { ...protocolMigrations, ...redactionMigrations });
  const metrics = new ServiceMetrics("redaction");
  const consumer = defineConsumer<RedactionTables, RedactionWrite>({
    name: REDACTION_CONSUMER,
    topic: topics.inbound,
    db: schemaOf<RedactionTables>(db, REDACTION_SCHEMA),
    schema: REDACTION_SCHEMA,
    identify: identifySealedMessage,
    onDeadLetter: replyFailedRecords,
    writeAll: (tx, writes) => ConversationStore.write(tx, writes),
  });
  const strategy = new LogStrategy({
    consumers: [consumer],
    messages,
    clock,
    log,
    metrics,
    ...(failpoints && { failpoints }),
  });
  return startService({
    name: "redaction",
    module: RedactionModule.register(ports),
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
}
