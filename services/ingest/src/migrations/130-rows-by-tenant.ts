import { protectTenantRows, type SchemaMigration } from "@cloister/storage";

/** A query without a tenant sees no message. Tokens and pressure are looked up before a tenant is known. */
export const rowsByTenant: SchemaMigration = {
  async up(db, schema) {
    for (const table of ["accepted_message", "mailbox"]) await protectTenantRows(db, { schema, table });
    for (const table of ["access_token", "tenant_pressure"]) {
      await protectTenantRows(db, { schema, table, across: ["access"] });
    }
  },
};
