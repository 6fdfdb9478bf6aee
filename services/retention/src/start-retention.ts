import { deletedByMs } from "@cloister/messaging/kafka";
import { randomAccessToken, Secret, startService, TokenDigest, type RunningService } from "@cloister/service";
import { prepareSchema, schemaOf } from "@cloister/storage";
import { connectLifecycle } from "./adapters/connect-lifecycle.ts";
import { PostgresStores } from "./adapters/postgres-stores.ts";
import { SqlJobs } from "./adapters/sql-jobs.ts";
import { StoresWithVectors } from "./adapters/vector-stores.ts";
import { Erasure } from "./erasure.ts";
import { retentionMigrations } from "./migrations/index.ts";
import { retentionProblems } from "./errors.ts";
import { lifecycleByTenant } from "./purge/lifecycle-by-tenant.ts";
import { noPurgeFailpoints } from "./purge/ports.ts";
import { PurgeRuns } from "./purge-runs.ts";
import { RetentionStatusReader } from "./retention-status.ts";
import { RetentionModule } from "./retention.module.ts";
import { RetentionPipeline } from "./retention.pipeline.ts";
import type { RetentionConfig, RetentionPorts } from "./retention.ports.ts";
import { retentionSchema, type RetentionTables } from "./tables.ts";

export interface RunningRetention extends RunningService {
  /** Made at this start, for whoever may look and purge. Only its hash is kept. */
  readonly accessToken: Secret;
}

/**
 * Starts retention: migrates or checks its schema, opens its doors, looks for what is due at every interval.
 * @throws ServiceError START_FAILED, StorageError MIGRATION_FAILED, SCHEMA_OUTDATED
 */
export async function startRetention(config: RetentionConfig, ports: RetentionPorts): Promise<RunningRetention> {
  const { db, clock, log } = ports;
  await prepareSchema(db, retentionSchema, retentionMigrations);
  const own = [...(ports.tenantKeysTransports ?? [])];
  const keys = lifecycleByTenant(
    connectLifecycle(ports.keysTransport),
    new Map(own.map(([tenant, transport]) => [tenant, connectLifecycle(transport)])),
    log,
  );
  const { vectors = {} } = ports;
  const tables = new PostgresStores(db);
  const stores = vectors.buckets === undefined ? tables : new StoresWithVectors(tables, vectors.buckets);
  const jobs = new SqlJobs(schemaOf<RetentionTables>(db, retentionSchema));
  const failpoints = ports.failpoints ?? noPurgeFailpoints;
  const { kafkaFlowDays } = config;
  const brokerLog =
    kafkaFlowDays === undefined ? undefined : { deletedByMs: (ms: number) => deletedByMs(ms, kafkaFlowDays) };
  const steps = { keys, stores, jobs, clock, failpoints, ...(brokerLog && { brokerLog }) };
  const runs = new PurgeRuns(new RetentionPipeline(steps), log, config.intervalMs);
  const accessToken = randomAccessToken();
  await ports.keepAccessToken?.(new Secret(accessToken));
  const service = await startService({
    name: "retention",
    module: RetentionModule.register({
      runs,
      status: new RetentionStatusReader(keys, stores, jobs, clock),
      erasure: new Erasure(keys, vectors, clock),
      tokenDigest: new TokenDigest(accessToken),
    }),
    log,
    clock,
    problems: retentionProblems,
    ...(config.http && { http: config.http }),
    release: [() => runs.close()],
  });
  return { ...service, accessToken: new Secret(accessToken) };
}
