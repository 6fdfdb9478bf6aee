import type { SchemaMigration } from "@cloister/storage";
import { sql } from "kysely";

/** What is kept of access tokens: a digest, what they allow, when they end. They belong to no bucket. */
export const accessTokens: SchemaMigration = {
  async up(db, schema) {
    await sql`
      create table ${sql.id(schema, "access_token")} (
        id bytea primary key check (length(id) = 16),
        -- SHA-256 of the token.
        digest bytea not null unique check (length(digest) = 32),
        -- Null: every tenant.
        tenant_id bytea check (length(tenant_id) = 16),
        -- Separated by spaces.
        scopes text not null,
        label text not null,
        created_at_ms bigint not null,
        -- Id of the token that made it.
        created_by bytea,
        expires_at_ms bigint not null,
        last_used_at_ms bigint,
        revoked_at_ms bigint
      )`.execute(db);
    await sql`
      create index access_token_of_tenant on ${sql.id(schema, "access_token")} (tenant_id, id)`.execute(db);
  },
};
