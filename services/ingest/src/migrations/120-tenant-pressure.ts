import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** Whose new messages a consumer asks to refuse, and until when: one row for each tenant and consumer that ever did. */
export const tenantPressure: SchemaMigration = {
  async up(db, schema) {
    await sql`
      create table ${sql.id(schema, "tenant_pressure")} (
        tenant_id bytea not null check (length(tenant_id) = 16),
        source text not null,
        until_ms bigint not null,
        -- Of the event: an older one that comes again changes nothing.
        log_offset bigint not null,
        primary key (tenant_id, source)
      )`.execute(db);
  },
};
