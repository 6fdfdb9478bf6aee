import { protocolMigrations } from "@cloister/messaging";
import { passageMigrations } from "@cloister/retrieval";
import type { Migrations } from "@cloister/storage";

/** The steps of embedding's schema, by name: the messaging protocol's tables, and those of the sealed VectorIndex. */
export const embeddingMigrations: Migrations = { ...protocolMigrations, ...passageMigrations };
export { passageSchema as embeddingSchema } from "@cloister/retrieval";
