import { logOwned } from "@cloister/messaging";
import { embeddingOwned } from "@cloister/service-embedding/migrations";
import { inferenceOwned } from "@cloister/service-enclave-inference/migrations";
import { ingestOwned } from "@cloister/service-ingest/migrations";
import { keysOwned } from "@cloister/service-keys/migrations";
import { redactionOwned } from "@cloister/service-redaction/migrations";
import { retentionOwned } from "@cloister/service-retention/migrations";
import type { OwnedSchema } from "@cloister/storage";

/** The schemas of the services' database, each with its steps and its rights. */
export const mainSchemas: readonly OwnedSchema[] = [
  logOwned,
  ingestOwned,
  redactionOwned,
  inferenceOwned,
  embeddingOwned,
  retentionOwned,
];

/** The schemas of the database of `keys`. */
export const keysSchemas: readonly OwnedSchema[] = [keysOwned];
