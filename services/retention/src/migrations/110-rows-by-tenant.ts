import { protectTenantRows, type SchemaMigration } from "@cloister/storage";

/** Receipts of every tenant are shown to the operator, whose door it is. */
export const rowsByTenant: SchemaMigration = {
  up: (db, schema) => protectTenantRows(db, { schema, table: "receipt", across: ["receipts"] }),
};
