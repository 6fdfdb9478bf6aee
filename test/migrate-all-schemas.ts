import { LOG_SCHEMA, logMigrations } from "@cloister/messaging";
import { embeddingMigrations, embeddingSchema } from "@cloister/service-embedding/migrations";
import { inferenceMigrations, inferenceSchema } from "@cloister/service-enclave-inference/migrations";
import { ingestMigrations, ingestSchema } from "@cloister/service-ingest/migrations";
import { keysMigrations, keysSchema } from "@cloister/service-keys/migrations";
import { redactionMigrations, redactionSchema } from "@cloister/service-redaction/migrations";
import { retentionMigrations, retentionSchema } from "@cloister/service-retention/migrations";
import { migrate, type Database } from "@cloister/storage";

/** Every schema of the product, as each service would make its own when it starts. */
export async function migrateAllSchemas(db: Database): Promise<void> {
  await migrate(db, LOG_SCHEMA, logMigrations);
  await migrate(db, keysSchema, keysMigrations);
  await migrate(db, ingestSchema, ingestMigrations);
  await migrate(db, redactionSchema, redactionMigrations);
  await migrate(db, inferenceSchema, inferenceMigrations);
  await migrate(db, embeddingSchema, embeddingMigrations);
  await migrate(db, retentionSchema, retentionMigrations);
}
