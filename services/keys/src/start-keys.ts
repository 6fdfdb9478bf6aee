import { InstanceIdentity } from "@cloister/keyring";
import { Audit, ServiceError, ServiceMetrics, startService, type RunningService } from "@cloister/service";
import { prepareSchema, schemaOf } from "@cloister/storage";
import { scrubber } from "./adapters/scrub.ts";
import { AuthorityChains } from "./authority/chain.ts";
import { PolicyBook } from "./authority/policy-book.ts";
import { GrpcServer } from "./doors/grpc-server.ts";
import { keysRoutes } from "./doors/routes.ts";
import { TenantKeyLeases } from "./hierarchy/tenant-key-leases.ts";
import { defaultRates, KeysLimits } from "./limits/keys-limits.ts";
import { KeysMetrics } from "./keys.metrics.ts";
import { UnlockedKms } from "./kms/unlocked-kms.ts";
import { UnlockedTenants } from "./unlock/unlocked-tenants.ts";
import { KeysModule } from "./keys.module.ts";
import type { KeysParts } from "./keys.parts.ts";
import { KeysPipeline } from "./keys.pipeline.ts";
import type { KeysConfig, KeysPorts } from "./keys.ports.ts";
import { BoundedKeyWrapper } from "./kms/bounded-key-wrapper.ts";
import { MeasuredKeyWrapper } from "./kms/measured-key-wrapper.ts";
import { RetryingKeyWrapper } from "./kms/retrying-key-wrapper.ts";
import { keysMigrations } from "./migrations/index.ts";
import { keysSchema, type KeysTables } from "./records/tables.ts";

export interface RunningKeys extends RunningService {
  /** Of the gRPC port: `https://127.0.0.1:41235`, or `http:` without TLS. */
  readonly connectUrl: string;
}

const WRAPPING_KEY_LEASE_MS = 5 * 60_000;
const KMS_TIMEOUT_MS = 1_000;
const MAX_UNWRAPPED_TENANTS = 1_000;
/** Each is a credential of some hundred bytes, and with an HSM a process. */
const MAX_UNLOCKED_TENANTS = 1_000;

/**
 * Starts keys: migrates or checks its schema, replays the tombstones, then opens its doors. Closing it destroys every unwrapped key.
 * @throws ServiceError START_FAILED; CONFIG_INVALID for doors in the clear where they may not be; StorageError MIGRATION_FAILED, SCHEMA_OUTDATED
 */
export async function startKeys(config: KeysConfig, ports: KeysPorts): Promise<RunningKeys> {
  const { db: database, clock, log } = ports;
  const { grpc, credentials, allowDevelopment } = config;
  if (!allowDevelopment && grpc.tls === undefined) {
    throw new ServiceError("CONFIG_INVALID", "The doors of keys are not opened in the clear outside development.");
  }
  await prepareSchema(database, keysSchema, keysMigrations);
  const metrics = new ServiceMetrics("keys");
  const audit = new Audit(log, metrics);
  const counts = new KeysMetrics(metrics);
  const parts = partsOf(config, ports, audit, counts);
  const pipeline = new KeysPipeline(parts);
  const count = await pipeline.prepare();
  log.info("tombstones are replayed", { count });
  const { identity, tenantKeys, limits } = parts;
  const server = new GrpcServer({
    ...grpc,
    routes: keysRoutes({
      pipeline,
      credentials,
      isTls: grpc.tls !== undefined,
      log,
      audit,
      limits,
      called: counts.called,
    }),
    beforeClose: () => pipeline.close(),
  });
  const { unlocked, unlockedKms } = parts;
  const module = KeysModule.register({ server, tenantKeys, identity, unlocked, unlockedKms });
  const http = config.http && { http: config.http };
  const service = await startService({ name: "keys", module, log, clock, metrics, ...http });
  log.info("the doors are open", { address: server.url });
  return { ...service, connectUrl: server.url };
}

function partsOf(config: KeysConfig, ports: KeysPorts, audit: Audit, counts: KeysMetrics): KeysParts {
  const { clock, keyWrapper, evidence, verifiers, gpuVerifier } = ports;
  const { configurationDigest, simulatedRoots, allowDevelopment, capabilities } = config;
  const db = schemaOf<KeysTables>(ports.db, keysSchema);
  const identity = new InstanceIdentity({ role: "keys", source: evidence, configurationDigest, clock });
  const answerWithinMs = config.kmsTimeoutMs ?? KMS_TIMEOUT_MS;
  const unlocked = new UnlockedTenants(MAX_UNLOCKED_TENANTS);
  const opening = ports.openWithCredential;
  const unlockedKms = opening && new UnlockedKms(keyWrapper, unlocked, opening);
  const asking = new RetryingKeyWrapper(new MeasuredKeyWrapper(unlockedKms ?? keyWrapper, clock, counts.kmsAsked));
  const bounded = new BoundedKeyWrapper(asking, { clock, log: ports.log, answerWithinMs });
  const tenantKeys = new TenantKeyLeases({
    wrapper: bounded,
    clock,
    leaseMs: config.wrappingKeyLeaseMs ?? WRAPPING_KEY_LEASE_MS,
    capacity: MAX_UNWRAPPED_TENANTS,
  });
  return {
    db,
    schema: keysSchema,
    clock,
    tenantKeys,
    unlocked,
    unlockedKms,
    openWithCredential: opening,
    kms: bounded,
    credentialChanged: (tenantId) => {
      bounded.forget(tenantId);
      unlockedKms?.forget(tenantId);
    },
    peers: ports.peers ?? [],
    policies: new PolicyBook(db, clock, allowDevelopment),
    chains: new AuthorityChains({ identity, tenantKeys, clock }),
    identity,
    verifiers,
    gpuVerifier,
    simulatedRoots,
    allowDevelopment,
    limits: new KeysLimits(config.rates ?? defaultRates, clock),
    audit,
    evictions: counts.evictions,
    log: ports.log,
    capabilities,
    ownTenants: config.tenants && new Set(config.tenants),
    scrub: scrubber(ports.db, keysSchema),
  };
}
