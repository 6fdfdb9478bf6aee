import { protocolGrant, protocolMigrations } from "@cloister/messaging";
import { passageGrants, passageMigrations, passageReadGrant, passageSchema } from "@cloister/retrieval";
import { bucketEnding, type Migrations, type OwnedSchema } from "@cloister/storage";

/** The steps of embedding's schema, by name: the messaging protocol's tables, and those of the sealed VectorIndex. */
export const embeddingMigrations: Migrations = { ...protocolMigrations, ...passageMigrations };
export { passageSchema as embeddingSchema };

export const embeddingOwned: OwnedSchema = {
  schema: passageSchema,
  migrations: embeddingMigrations,
  grants: [protocolGrant("embedding", passageGrants), passageReadGrant, bucketEnding],
};
