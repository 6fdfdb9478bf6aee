import { protectTenantRows, type SchemaMigration } from "@cloister/storage";

/** A query without a tenant sees no conversation. */
export const rowsByTenant: SchemaMigration = {
  async up(db, schema) {
    for (const table of ["map_entry", "conversation"]) await protectTenantRows(db, { schema, table });
  },
};
