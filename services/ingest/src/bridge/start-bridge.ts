import {
  DeadLetters,
  defaultPartitions,
  MessagingError,
  type ConsumingService,
  type MessageLog,
} from "@cloister/messaging";
import type { Kysely } from "kysely";

import { ingestSchema, type IngestTables } from "../tables.ts";
import { TenantBridge, type TenantBridgeParts } from "./tenant-bridge.ts";

export interface BridgeOptions extends Omit<TenantBridgeParts, "letters" | "onFatal"> {
  readonly db: Kysely<IngestTables>;
}

/** The bridge as far as its service has to do with it. */
export type RunningBridge = Pick<ConsumingService, "deadLetters" | "onFatal" | "close">;

/**
 * Starts the bridge between the tenants' own topics and the pipeline's; nothing when no tenant has any.
 * @throws MessagingError UNKNOWN_TOPIC when a tenant's topics are missing and may not be made here; LOG_UNAVAILABLE,
 * LOG_UNAUTHORIZED
 */
export async function startBridge(options: BridgeOptions): Promise<RunningBridge> {
  const { tenants, messages, db, clock, log } = options;
  if (tenants.all.length === 0) return { deadLetters: [], onFatal: () => undefined, close: () => Promise.resolve() };
  for (const { inbound, replies } of tenants.all) {
    for (const topic of [inbound, replies]) await ensureTopic(messages, topic);
  }
  const letters = new Map(
    tenants.all.map(({ tenantIdHex, inbound }) => {
      // Raw statements only: the tables' types play no part.
      const untyped = db as unknown as Kysely<unknown>;
      const scope = {
        db: untyped,
        schema: ingestSchema,
        consumer: `ingest-tenant.${tenantIdHex}`,
      };
      return [inbound, new DeadLetters(scope, { messages, clock, log })];
    }),
  );
  const listeners: ((error: unknown) => void)[] = [];
  const onFatal = (error: unknown): void => listeners.forEach((listener) => listener(error));
  const bridge = new TenantBridge({ ...options, letters, onFatal });
  const deadLetters = [...letters.values()];
  await bridge.start();
  for (const one of deadLetters) one.start();
  return {
    deadLetters,
    onFatal: (listener) => void listeners.push(listener),
    close: async () => {
      await bridge.close();
      await Promise.all(deadLetters.map((one) => one.close()));
    },
  };
}

/** On Kafka the operator has made it with as many partitions as the tenant needs. */
async function ensureTopic(messages: MessageLog, name: string): Promise<void> {
  try {
    await messages.ensureTopics([{ name, partitions: defaultPartitions }]);
  } catch (error) {
    if (!(error instanceof MessagingError) || error.code !== "TOPIC_MISMATCH") throw error;
  }
}
