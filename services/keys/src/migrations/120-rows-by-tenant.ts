import { protectTenantRows, type SchemaMigration } from "@cloister/storage";

/** A query without a tenant sees no key. What is due, and what was destroyed, is found whatever its tenant is. */
export const rowsByTenant: SchemaMigration = {
  async up(db, schema) {
    for (const table of ["tenant", "policy"]) await protectTenantRows(db, { schema, table });
    for (const table of ["conversation", "conversation_secret", "bucket_key", "tombstone"]) {
      await protectTenantRows(db, { schema, table, across: ["lifecycle"] });
    }
  },
};
