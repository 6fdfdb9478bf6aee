import { protocolMigrations } from "@cloister/messaging";
import { passageMigrations } from "@cloister/retrieval";
import type { Migrations } from "@cloister/storage";

/** The schema of this service: the messaging protocol's tables, and the passages as the sealed VectorIndex keeps them. */
export const embeddingMigrations: Migrations = { ...protocolMigrations, ...passageMigrations };
