import type { EvidenceSource, EvidenceVerifier } from "@cloister/attestation";
import { InstanceIdentity } from "@cloister/keyring";
import type { Capabilities } from "@cloister/policy";
import { startService, type Clock, type Log, type RunningService } from "@cloister/service";
import { migrate, schemaOf, type Database } from "@cloister/storage";
import { scrubber } from "./adapters/scrub.ts";
import { AuthorityChains } from "./authority/chain.ts";
import { PolicyBook } from "./authority/policy-book.ts";
import { GrpcServer } from "./doors/grpc-server.ts";
import { keysRoutes, type DoorCredentials } from "./doors/routes.ts";
import type { KeyWrapper } from "./hierarchy/key-wrapper.ts";
import { TenantKeyLeases } from "./hierarchy/tenant-key-leases.ts";
import { KeysModule } from "./keys.module.ts";
import type { KeysParts } from "./keys.parts.ts";
import { KeysPipeline } from "./keys.pipeline.ts";
import { keysMigrations } from "./migrations/index.ts";
import type { KeysTables } from "./records/tables.ts";

export interface KeysConfig {
  /** Where the three doors listen; port 0 takes a free one. */
  readonly grpc: { readonly host: string; readonly port: number };
  /** Health and metrics; without it none are served. */
  readonly http?: { readonly host: string; readonly port: number };
  readonly credentials: DoorCredentials;
  /** SHA-384 of the security-relevant configuration, 48 bytes. */
  readonly configurationDigest: Uint8Array;
  /** Roots of simulated evidence that sessions are begun for; empty outside development. */
  readonly simulatedRoots: readonly Uint8Array[];
  readonly allowDevelopment: boolean;
  /** What this deployment can prove. */
  readonly capabilities: Capabilities;
  /** How long a tenant's wrapping key stays unwrapped; 5 minutes. */
  readonly wrappingKeyLeaseMs?: number;
}

export interface KeysPorts {
  readonly db: Database;
  readonly keyWrapper: KeyWrapper;
  readonly evidence: EvidenceSource;
  readonly verifiers: readonly EvidenceVerifier[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface RunningKeys extends RunningService {
  /** Of the gRPC port: `http://127.0.0.1:41235`. */
  readonly connectUrl: string;
}

const SCHEMA = "keys";
const WRAPPING_KEY_LEASE_MS = 5 * 60_000;
const MAX_UNWRAPPED_TENANTS = 1_000;

/** Migrates, replays the tombstones, then opens the doors. Closing it destroys every unwrapped key. */
export async function startKeys(config: KeysConfig, ports: KeysPorts): Promise<RunningKeys> {
  const { db: database, clock, log } = ports;
  await migrate(database, SCHEMA, keysMigrations);
  const parts = partsOf(config, ports);
  const pipeline = new KeysPipeline(parts);
  const count = await pipeline.prepare();
  log.info("tombstones are replayed", { count });
  const { identity, tenantKeys } = parts;
  const server = new GrpcServer({ ...config.grpc, routes: keysRoutes(pipeline, config.credentials, log) });
  const module = KeysModule.register({ server, tenantKeys, identity });
  const service = await startService({ name: "keys", module, log, clock, ...(config.http && { http: config.http }) });
  log.info("the doors are open", { address: server.url });
  return { ...service, connectUrl: server.url };
}

function partsOf(config: KeysConfig, ports: KeysPorts): KeysParts {
  const { clock, keyWrapper, evidence, verifiers } = ports;
  const { configurationDigest, simulatedRoots, allowDevelopment, capabilities } = config;
  const db = schemaOf<KeysTables>(ports.db, SCHEMA);
  const identity = new InstanceIdentity({ role: "keys", source: evidence, configurationDigest, clock });
  const tenantKeys = new TenantKeyLeases({
    wrapper: keyWrapper,
    clock,
    leaseMs: config.wrappingKeyLeaseMs ?? WRAPPING_KEY_LEASE_MS,
    capacity: MAX_UNWRAPPED_TENANTS,
  });
  return {
    db,
    schema: SCHEMA,
    clock,
    tenantKeys,
    policies: new PolicyBook(db, clock, allowDevelopment),
    chains: new AuthorityChains({ identity, tenantKeys, clock }),
    identity,
    verifiers,
    simulatedRoots,
    allowDevelopment,
    capabilities,
    scrub: scrubber(ports.db, SCHEMA),
  };
}
