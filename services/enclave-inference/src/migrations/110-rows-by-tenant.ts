import { protectTenantRows, type SchemaMigration } from "@cloister/storage";

/** A query without a tenant sees no turn. */
export const rowsByTenant: SchemaMigration = {
  up: (db, schema) => protectTenantRows(db, { schema, table: "turn" }),
};
