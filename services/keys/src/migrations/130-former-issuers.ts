import { sql } from "kysely";
import type { SchemaMigration } from "@cloister/storage";

/** What a tenant's issuer key signed before another one took its place is verified by the keys that this column holds. */
export const formerIssuers: SchemaMigration = {
  async up(db, schema) {
    await sql`alter table ${sql.id(schema, "tenant")} add column wrapped_former_issuers bytea`.execute(db);
  },
};
