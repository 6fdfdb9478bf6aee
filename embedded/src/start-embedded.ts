import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createTlsIdentity, keysTransport, openKeyring, type KeySource } from "@cloister/keyring";
import { pipelineTopics, PostgresMessageLog, type Failpoints, type ParkingLimits } from "@cloister/messaging";
import { embeddedCapabilities } from "@cloister/policy";
import { startOperations } from "@cloister/messaging/operations";
import { Secret, type Clock, type Log, type RunningService } from "@cloister/service";
import { startEmbedding } from "@cloister/service-embedding";
import { extractiveRuntime, startInference, type Beat, type ModelRuntime } from "@cloister/service-enclave-inference";
import { startIngest, type RunningIngest } from "@cloister/service-ingest";
import {
  LocalKeyring,
  startKeys,
  type DoorCredentials,
  type KeyWrapper,
  type OpenWithCredential,
  type RunningKeys,
} from "@cloister/service-keys";
import { startRedaction } from "@cloister/service-redaction";
import { startRetention, type PurgeFailpoints, type RunningRetention } from "@cloister/service-retention";
import { InProcessLiveFrames, openDatabase, wakeUpsFor, type Database, type LiveFrames } from "@cloister/storage";
import { attestInstances, type AttestedInstances } from "./attested-instances.ts";
import type { DataFolder } from "./data-folder.ts";

export interface EmbeddedOptions {
  readonly folder: DataFolder;
  readonly clock: Clock;
  /** The log of one service, by its name. */
  readonly logOf: (service: string) => Log;
  /** Port of ingest's doors; 0 takes a free one. */
  readonly ingestPort?: number;
  readonly retentionPort?: number;
  /** Where this process runs, as its operator states it: policies with residency ask for it. */
  readonly region?: string;
  /** How often retention looks for what is due; 0 for only when asked. */
  readonly retentionIntervalMs?: number;
  /** Stands around the model runtime: a demo records there what a model saw. */
  readonly wrapRuntime?: (runtime: ModelRuntime) => ModelRuntime;
  /** What carries running answers to their readers, which a test may watch; in process by default. */
  readonly liveFrames?: LiveFrames;
  /** What live cells keep time with; timers by default. */
  readonly beat?: Beat;
  /** How much may be parked for one tenant at each service before its new messages are refused. */
  readonly parking?: Partial<ParkingLimits>;
  /** Stands around the tenants' KMS: a test takes one away there. */
  readonly wrapKms?: (kms: KeyWrapper) => KeyWrapper;
  /** Tenants that run `keys` themselves, by tenant id in hex: all services ask there for them. */
  readonly tenantKeys?: ReadonlyMap<string, { readonly url: string; readonly credentials: DoorCredentials }>;
  /** Opens a tenant's KMS with the credential that the tenant unlocks `keys` with; without it none is taken. */
  readonly openWithCredential?: OpenWithCredential;
  /** For tests: machines with hardware, on which policies that are marked for development count no more. */
  readonly hardware?: AttestedInstances["machines"];
  /** Open databases that the caller closes, instead of those in the folder. One may be both: their schemas differ. */
  readonly databases?: { readonly main: Database; readonly keys: Database };
  /** For tests: where a consumer stops. */
  readonly failpoints?: Failpoints;
  readonly purgeFailpoints?: PurgeFailpoints;
}

/** Every service in one process. */
export interface EmbeddedCloister {
  /** One operations door for all consuming services, and its token of this start. */
  readonly operations: RunningService & { readonly accessToken: Secret };
  readonly ingest: RunningIngest;
  readonly retention: RunningRetention;
  readonly keys: RunningKeys;
  readonly instances: AttestedInstances;
  readonly credentials: DoorCredentials;
  readonly mainDatabase: Database;
  readonly keysDatabase: Database;
  /** Called once when a service can't go on. */
  onFatal(listener: (service: string, error: unknown) => void): void;
  /** Drains every service, then closes the databases. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/**
 * Starts Cloister on PGlite, with simulated evidence: to try it out and to test it. The services are the same code as
 * in production and meet over the same doors; only this composition root differs.
 * @throws StorageError DATA_DIR_IN_USE; ServiceError START_FAILED; what was started before is closed
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedCloister> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    return await startAll(options, opened, close);
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function startAll(
  options: EmbeddedOptions,
  opened: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<EmbeddedCloister> {
  const { folder, clock, logOf } = options;
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(() => one.close());
    return one;
  };
  const { main: mainDatabase, keys: keysDatabase } = options.databases ?? (await openDatabases(folder, keep));
  const region = options.region === undefined ? {} : { region: { name: options.region, isAttested: false } };
  const redactionChoices = options.region === undefined ? {} : { region: options.region };
  const simulated = await attestInstances(folder.simulatedRootFile, clock, { runtime: "extractive" }, redactionChoices);
  const instances = { ...simulated, ...(options.hardware && { machines: options.hardware }) };
  const allowDevelopment = options.hardware === undefined;
  const credentials: DoorCredentials = { authority: token(), release: token(), lifecycle: token() };
  const keys = keep(await startOwnKeys(options, keysDatabase, instances, credentials));
  const transportTo = (door: keyof DoorCredentials) =>
    keysTransport({ url: keys.connectUrl, credential: credentials[door] });
  const tenantTransportsTo = (door: keyof DoorCredentials) =>
    new Map(
      [...(options.tenantKeys ?? [])].map(([tenant, own]) => [
        tenant,
        keysTransport({ url: own.url, credential: own.credentials[door] }),
      ]),
    );
  const keyringOf = (role: "redaction" | "enclave-inference" | "embedding"): KeySource =>
    openKeyring(
      { shared: transportTo("release"), own: tenantTransportsTo("release"), log: logOf(role) },
      { role, ...instances.machines[role], allowDevelopment, clock },
    );

  const wakeUps = wakeUpsFor(mainDatabase);
  const messages = keep(await PostgresMessageLog.open({ db: mainDatabase, clock, log: logOf("log"), wakeUps }));
  await messages.ensureTopics(pipelineTopics);
  const shared = { db: mainDatabase, messages, clock, ...(options.failpoints && { failpoints: options.failpoints }) };

  const parking = options.parking === undefined ? {} : { parking: options.parking };

  const retention = keep(
    await startRetention(
      { http: { host: HOST, port: options.retentionPort ?? 0 }, intervalMs: options.retentionIntervalMs ?? 60_000 },
      {
        db: mainDatabase,
        keysTransport: transportTo("lifecycle"),
        tenantKeysTransports: tenantTransportsTo("lifecycle"),
        clock,
        log: logOf("retention"),
        ...(options.purgeFailpoints && { failpoints: options.purgeFailpoints }),
      },
    ),
  );
  // Consumers start before what produces for them.
  const embedding = keep(
    await startEmbedding(parking, { ...shared, keyring: keyringOf("embedding"), log: logOf("embedding") }),
  );
  const runtime = extractiveRuntime();
  const liveFrames = options.liveFrames ?? keep(new InProcessLiveFrames());
  const inference = keep(
    await startInference(parking, {
      ...shared,
      keyring: keyringOf("enclave-inference"),
      runtime: options.wrapRuntime?.(runtime) ?? runtime,
      liveFrames,
      ...(options.beat && { beat: options.beat }),
      log: logOf("enclave-inference"),
    }),
  );
  const redaction = keep(
    await startRedaction(
      { ...region, ...parking },
      { ...shared, keyring: keyringOf("redaction"), log: logOf("redaction") },
    ),
  );
  const ingest = keep(
    await startIngest(
      { http: { host: HOST, port: options.ingestPort ?? 0 }, metricsHttp: { host: HOST, port: 0 }, ...region },
      {
        ...shared,
        wakeUps,
        liveFrames,
        keysTransport: transportTo("authority"),
        tenantKeysTransports: tenantTransportsTo("authority"),
        log: logOf("ingest"),
      },
    ),
  );
  const operationsToken = token();
  const deadLetters = [ingest, redaction, inference, embedding].flatMap((service) => service.deadLetters);
  const door = keep(
    await startOperations({
      http: { host: HOST, port: 0 },
      token: operationsToken,
      deadLetters,
      clock,
      log: logOf("operations"),
    }),
  );
  const operations = { ...door, accessToken: new Secret(operationsToken) };
  const services: readonly RunningService[] = [keys, retention, embedding, inference, redaction, ingest];
  return {
    ingest,
    retention,
    operations,
    keys,
    instances,
    credentials,
    mainDatabase,
    keysDatabase,
    onFatal: (listener) => {
      for (const service of services) service.onFatal((error) => listener(service.name, error));
    },
    close,
  };
}

async function openDatabases({ mainDatabase, keysDatabase }: DataFolder, keep: (one: Database) => Database) {
  const areNew = !existsSync(mainDatabase) && !existsSync(keysDatabase);
  const main = keep(await openDatabase({ engine: "pglite", dataDir: mainDatabase }));
  // An empty database takes seconds to make, and a moment to copy.
  const snapshot = areNew ? await main.pglite?.dumpDataDir("none") : undefined;
  const keys = keep(await openDatabase({ engine: "pglite", dataDir: keysDatabase, ...(snapshot && { snapshot }) }));
  return { main, keys };
}

async function startOwnKeys(
  { folder, clock, logOf, wrapKms, openWithCredential, hardware }: EmbeddedOptions,
  db: Database,
  { machines, simulatedRoot }: AttestedInstances,
  credentials: DoorCredentials,
): Promise<RunningKeys> {
  const { evidence, verifiers, configurationDigest } = machines.keys;
  const kms = await LocalKeyring.open(folder.keyringFile);
  return startKeys(
    {
      grpc: { host: HOST, port: 0, ...(hardware && { tls: createTlsIdentity() }) },
      credentials,
      configurationDigest,
      simulatedRoots: [simulatedRoot],
      allowDevelopment: hardware === undefined,
      // What stands for the tenant's KMS is a local keyring there.
      capabilities: hardware ? { ...embeddedCapabilities, ...withHardware } : embeddedCapabilities,
    },
    {
      db,
      keyWrapper: wrapKms?.(kms) ?? kms,
      ...(openWithCredential && { openWithCredential }),
      evidence,
      verifiers,
      clock,
      log: logOf("keys"),
    },
  );
}

const withHardware = { hardwareEvidence: true, externalKms: true };

const token = (): string => randomBytes(32).toString("base64url");
