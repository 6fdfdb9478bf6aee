import { protocolGrant, protocolMigrations } from "@cloister/messaging";
import { bucketEnding, type Migrations, type OwnedSchema } from "@cloister/storage";
import { inferenceSchema } from "../tables.ts";
import { turns } from "./100-turns.ts";
import { rowsByTenant } from "./110-rows-by-tenant.ts";

/** The steps of enclave-inference's schema, by name, the messaging protocol's tables among them. */
export const inferenceMigrations: Migrations = {
  ...protocolMigrations,
  "100_turns": turns,
  "110_rows_by_tenant": rowsByTenant,
};
export { inferenceSchema };

export const inferenceOwned: OwnedSchema = {
  schema: inferenceSchema,
  migrations: inferenceMigrations,
  grants: [protocolGrant("inference", { turn: ["select", "insert"] }), bucketEnding],
};
