import { logOwned } from "@cloister/messaging";
import { pgvectorOwned, staticEmbedder } from "@cloister/retrieval";
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

/** What is added to the services' database where it keeps protected vectors as well, which needs pgvector. */
export function pgvectorSchemas(): readonly OwnedSchema[] {
  return [pgvectorOwned(staticEmbedder().model.dimension)];
}

/** The schemas of the database of `keys`. */
export const keysSchemas: readonly OwnedSchema[] = [keysOwned];
