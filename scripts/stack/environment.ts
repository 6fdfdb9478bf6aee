import { writeFile } from "node:fs/promises";
import {
  databaseLogin,
  operationsPorts,
  serviceNames,
  type LogService,
  type ServiceName,
  type StackFolder,
} from "./layout.ts";
import { secretOf } from "./secrets.ts";

/** Writes for each service the file that `cloister start SERVICE --env-file` reads. It names secrets and holds none. */
export async function writeEnvironments(folder: StackFolder): Promise<void> {
  for (const door of ["authority", "release", "lifecycle", "operations"]) await secretOf(folder, door);
  for (const service of serviceNames) {
    const lines = Object.entries(environmentOf(folder, service)).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(folder.environment(service), lines.join(""), { mode: 0o600 });
  }
}

function environmentOf(folder: StackFolder, service: ServiceName): Record<string, string> {
  const { ports } = folder;
  const { login } = databaseLogin(service);
  const database = service === "keys" ? `127.0.0.1:${ports.keysPostgres}/keys` : `127.0.0.1:${ports.postgres}/cloister`;
  return {
    CLOISTER_DATABASE_URL: `postgresql://${login}@${database}`,
    CLOISTER_DATABASE_PASSWORD_FILE: folder.secret(`database-${service}`),
    ...(service !== "keys" && { CLOISTER_KEYS_URL: `https://127.0.0.1:${ports.keys}` }),
    ...(isOnTheLog(service) && logVariables(folder, service)),
    ...own[service](folder),
  };
}

const isOnTheLog = (service: ServiceName): service is LogService => service in operationsPorts;

/** Kafka, Redis, and the door for dead letters. */
function logVariables(folder: StackFolder, service: LogService): Record<string, string> {
  return {
    CLOISTER_LOG: "kafka",
    CLOISTER_KAFKA_BROKERS: `127.0.0.1:${folder.ports.kafka}`,
    CLOISTER_REDIS_URL: `redis://127.0.0.1:${folder.ports.redis}`,
    CLOISTER_REDIS_PASSWORD_FILE: folder.secret("redis"),
    CLOISTER_OPERATIONS_PORT: String(folder.ports[operationsPorts[service]]),
    CLOISTER_OPERATIONS_TOKEN_FILE: folder.secret("operations"),
  };
}

const attested = (folder: StackFolder): Record<string, string> => ({
  CLOISTER_KEYS_RELEASE_TOKEN_FILE: folder.secret("release"),
  CLOISTER_SIMULATED_ROOT_FILE: folder.secret("simulated-root"),
});

/** The stack's PostgreSQL has pgvector: what a policy says of vectors is done. */
export const protectedVectors = { CLOISTER_VECTORS: "pgvector" };

/** What a service alone is told. */
const own: Readonly<Record<ServiceName, (folder: StackFolder) => Record<string, string>>> = {
  keys: (folder) => ({
    CLOISTER_KEYS_PORT: String(folder.ports.keys),
    CLOISTER_KEYS_HEALTH_PORT: String(folder.ports.keysHealth),
    CLOISTER_KEYS_AUTHORITY_TOKEN_FILE: folder.secret("authority"),
    CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE: folder.secret("lifecycle"),
    CLOISTER_KEYS_KEYRING_FILE: folder.secret("keyring.json"),
    ...attested(folder),
  }),
  ingest: (folder) => ({
    CLOISTER_INGEST_PORT: String(folder.ports.ingest),
    CLOISTER_INGEST_METRICS_PORT: String(folder.ports.ingestMetrics),
    CLOISTER_KEYS_AUTHORITY_TOKEN_FILE: folder.secret("authority"),
    CLOISTER_INGEST_ACCESS_TOKEN_FILE: folder.secret("ingest-token"),
  }),
  redaction: (folder) => ({ CLOISTER_REDACTION_PORT: String(folder.ports.redaction), ...attested(folder) }),
  "enclave-inference": (folder) => ({
    CLOISTER_INFERENCE_PORT: String(folder.ports.inference),
    ...protectedVectors,
    ...attested(folder),
  }),
  embedding: (folder) => ({
    CLOISTER_EMBEDDING_PORT: String(folder.ports.embedding),
    ...protectedVectors,
    ...attested(folder),
  }),
  retention: (folder) => ({
    // It uses no log: its receipts say until when one holds what is destroyed.
    CLOISTER_LOG: "kafka",
    CLOISTER_RETENTION_PORT: String(folder.ports.retention),
    ...protectedVectors,
    CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE: folder.secret("lifecycle"),
    CLOISTER_RETENTION_ACCESS_TOKEN_FILE: folder.secret("retention-token"),
  }),
};
