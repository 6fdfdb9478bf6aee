import { protocolGrant, protocolMigrations } from "@cloister/messaging";
import { bucketEnding, type Migrations, type OwnedSchema } from "@cloister/storage";
import { redactionSchema } from "../tables.ts";
import { placeholderMaps } from "./100-placeholder-maps.ts";
import { rowsByTenant } from "./110-rows-by-tenant.ts";

/** The steps of redaction's schema, by name, the messaging protocol's tables among them. */
export const redactionMigrations: Migrations = {
  ...protocolMigrations,
  "100_placeholder_maps": placeholderMaps,
  "110_rows_by_tenant": rowsByTenant,
};
export { redactionSchema };

export const redactionOwned: OwnedSchema = {
  schema: redactionSchema,
  migrations: redactionMigrations,
  grants: [
    protocolGrant("redaction", { map_entry: ["select", "insert"], conversation: ["select", "insert", "update"] }),
    bucketEnding,
  ],
};
