import { topics } from "@cloister/contracts/topics";
import { defineConsumer, LogStrategy, Outbox, type ConsumingService } from "@cloister/messaging";
import { Audit, Secret, ServiceMetrics, startService } from "@cloister/service";
import { InProcessLiveFrames, prepareSchema, PartitionKeeper, schemaOf } from "@cloister/storage";

import { connectAuthority } from "./adapters/connect-authority.ts";
import { OutboxIntake } from "./adapters/outbox-intake.ts";
import { insertDeliveries, SqlMailbox } from "./adapters/sql-mailbox.ts";
import { SqlTenantPressure } from "./adapters/sql-tenant-pressure.ts";
import { authorityByTenant } from "./authority/authority-by-tenant.ts";
import { BridgedTenants } from "./bridge/bridged-tenants.ts";
import { startBridge } from "./bridge/start-bridge.ts";
import { IngestMetrics } from "./ingest.metrics.ts";
import { IngestModule } from "./ingest.module.ts";
import { IngestPipeline } from "./ingest.pipeline.ts";
import { defaultSettings, type IngestConfig, type IngestPorts } from "./ingest.ports.ts";
import { problemsAtTheDoors } from "./ingest.problems.ts";
import { AuthorityPolicies } from "./messages/authority-policies.ts";
import { ingestMigrations } from "./migrations/index.ts";
import { openApiRoutes, recordRoutes } from "./openapi/openapi-routes.ts";
import { pressureConsumer } from "./pressure/pressure-consumer.ts";
import type { Delivery } from "./replies/mailbox.ts";
import { readReplyRecord } from "./replies/reply-record.ts";
import { Waker } from "./replies/waker.ts";
import { startAccess } from "./start-access.ts";
import { startDoors } from "./start-doors.ts";
import { ingestPartitions, ingestSchema, type IngestTables } from "./tables.ts";

export interface RunningIngest extends ConsumingService {
  /** The deployment's administration token, made at this start, with every scope. Only its hash is kept. */
  readonly accessToken: Secret;
  /** Every method and path that the HTTP server was given, as in `GET /v1/policy`. */
  readonly routes: readonly string[];
}

/**
 * Starts ingest: migrates or checks its schema, joins chat.replies.v1, opens its doors.
 * @throws ServiceError START_FAILED, StorageError MIGRATION_FAILED, SCHEMA_OUTDATED
 */
export async function startIngest(config: IngestConfig, ports: IngestPorts): Promise<RunningIngest> {
  const settings = { ...defaultSettings, ...config };
  await prepareSchema(ports.db, ingestSchema, ingestMigrations);
  const db = schemaOf<IngestTables>(ports.db, ingestSchema);
  const { messages, clock, log, failpoints } = ports;
  const metrics = new ServiceMetrics("ingest");

  const partitions = new PartitionKeeper(ports.db.kysely, ingestPartitions);
  const outbox = new Outbox({ db, schema: ingestSchema, lane: "ingest/http", messages, clock, log });
  const mailbox = new SqlMailbox(db, partitions);
  const pressure = new SqlTenantPressure(db, clock);
  const own = [...(ports.tenantKeysTransports ?? [])];
  const authority = authorityByTenant(
    connectAuthority(ports.keysTransport),
    new Map(own.map(([tenant, transport]) => [tenant, connectAuthority(transport)])),
  );
  const access = startAccess(config, { db, clock, cacheMs: settings.accessCacheMs });
  const waker = new Waker(ports.wakeUps, ports.liveFrames ?? new InProcessLiveFrames());
  const ingestMetrics = new IngestMetrics(metrics);
  const { tokens } = access;
  const { accessCacheMs } = settings;
  const { sharedRates } = ports;
  const doors = startDoors(config, {
    tokens,
    clock,
    metrics: ingestMetrics,
    accessCacheMs,
    ...(sharedRates && { sharedRates }),
  });
  const policies = new AuthorityPolicies({ authority, clock, cacheMs: settings.policyCacheMs });
  const intake = new OutboxIntake({ db, outbox, partitions });
  const { region } = settings;
  const pipeline = new IngestPipeline({ policies, pressure, intake, clock, ...(region && { region }) });
  const bridged = new BridgedTenants(config.tenantTopics ?? []);
  const parts = {
    access,
    open: doors.open,
    authority,
    policies,
    pipeline,
    bridged,
    mailbox,
    waker,
    metrics: ingestMetrics,
  };
  const consumer = defineConsumer<IngestTables, Delivery>({
    name: "ingest",
    topic: topics.replies,
    db,
    schema: ingestSchema,
    identify: (record) => readReplyRecord(record).identity,
    // The reader of a reply that can't be stored would get the notice on the same way: there is nobody to tell.
    onDeadLetter: () => [],
    writeAll: (tx, deliveries) => insertDeliveries(tx, deliveries),
    onCommitted: (deliveries) => {
      for (const { conversation } of deliveries) waker.wake(conversation);
    },
    merging: "whole",
  });
  const strategy = new LogStrategy({
    consumers: [consumer, pressureConsumer(db)],
    messages,
    clock,
    log,
    metrics,
    ...(failpoints && { failpoints }),
  });
  const accessToken = new Secret(access.startToken);
  await ports.keepAccessToken?.(accessToken);
  outbox.start();
  const { tenantRate } = doors;
  const audit = new Audit(log, metrics);
  const bridgeParts = { tenants: bridged, db, pipeline, tenantRate, metrics: ingestMetrics, audit };
  // Before the doors open: whoever finds them open finds the topics read, too.
  const bridge = await startBridge({ ...bridgeParts, messages, clock, log });
  const routes: string[] = [];
  const starting = startService({
    name: "ingest",
    module: IngestModule.register(settings, ports, parts),
    log,
    clock,
    metrics,
    strategy,
    http: config.http,
    metricsHttp: config.metricsHttp ?? "none",
    clients: doors.clients,
    configure: (app) => {
      recordRoutes(app, routes);
      doors.configure(app);
      openApiRoutes(app);
    },
    problems: problemsAtTheDoors,
    release: [() => doors.open.close(), () => outbox.close()],
  });
  const service = await starting.catch(async (error: unknown) => {
    await bridge.close();
    throw error;
  });
  return {
    ...service,
    deadLetters: [...strategy.deadLetters, ...bridge.deadLetters],
    accessToken,
    routes,
    onFatal: (listener) => {
      service.onFatal(listener);
      bridge.onFatal(listener);
    },
    close: async () => {
      await bridge.close();
      await service.close();
    },
  };
}
