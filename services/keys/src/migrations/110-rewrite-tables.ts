import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** Signatures, as GRANT takes them. */
export const rewritingFunctions = ["rewrite_tables()"] as const;

/** The tables that keys are destroyed in, with what their rows are written in the order of. */
const TABLES = ["bucket_key", "conversation_secret", "conversation"] as const;

/**
 * Writes the tables anew without the rows that were deleted, so that no page has them. A function of the owner's: the
 * service has no right to do it by VACUUM FULL, which nobody but a table's owner may run.
 */
export const rewriteTables: SchemaMigration = {
  async up(db, schema) {
    const statements = TABLES.map((table) => sql`cluster ${sql.id(schema, table)} using ${sql.id(`${table}_pkey`)};`);
    await sql`create function ${sql.id(schema, "rewrite_tables")}() returns void
      language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
      begin
        ${sql.join(statements, sql` `)}
      end $$`.execute(db);
    await sql`revoke all on function ${sql.id(schema, "rewrite_tables")}() from public`.execute(db);
  },
};
