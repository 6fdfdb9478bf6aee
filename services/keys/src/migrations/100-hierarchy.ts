import { sql, type Kysely, type RawBuilder } from "kysely";
import type { SchemaMigration } from "@cloister/storage";

/** Wrapped keys live in these tables and nowhere else; every one of them is useless without the tenant's KEK. */
export const hierarchy: SchemaMigration = {
  async up(db, schema) {
    const table = (name: string) => sql.id(schema, name);
    for (const statement of [...tenants(table), ...keys(table), ...tombstones(table)]) await run(db, statement);
  },
};

type Statement = RawBuilder<unknown>;
type TableName = (name: string) => RawBuilder<unknown>;

async function run(db: Kysely<unknown>, statement: Statement): Promise<void> {
  await statement.execute(db);
}

function tenants(table: TableName): Statement[] {
  return [
    sql`
      create table ${table("tenant")} (
        tenant_id bytea primary key check (length(tenant_id) = 16),
        genesis_root bytea not null check (length(genesis_root) = 32),
        wrapped_wrapping_key bytea not null,
        wrapped_issuer_key bytea not null,
        created_at_ms bigint not null
      )`,
    sql`
      create table ${table("policy")} (
        tenant_id bytea not null references ${table("tenant")},
        version bigint not null check (version > 0),
        note bytea not null,
        root_rotations bytea not null,
        applied_at_ms bigint not null,
        primary key (tenant_id, version)
      )`,
  ];
}

function keys(table: TableName): Statement[] {
  return [
    // The id stays for ever, so that it is opened once, ever; the statements go when the conversation ends.
    sql`
      create table ${table("conversation")} (
        tenant_id bytea not null references ${table("tenant")},
        conversation_id bytea not null check (length(conversation_id) = 16),
        admission_id bytea not null check (length(admission_id) = 16),
        request_digest bytea not null check (length(request_digest) = 32),
        opening_statement bytea,
        statement bytea,
        policy_version bigint not null,
        renewal_digest bytea,
        renewed_at_ms bigint not null default 0,
        opened_at_ms bigint not null,
        primary key (tenant_id, conversation_id),
        unique (tenant_id, admission_id)
      )`,
    sql`
      create table ${table("conversation_secret")} (
        tenant_id bytea not null,
        conversation_id bytea not null,
        not_after_ms bigint not null,
        wrapped bytea not null,
        primary key (tenant_id, conversation_id),
        foreign key (tenant_id, conversation_id) references ${table("conversation")}
      )`,
    sql`create index conversation_secret_due on ${table("conversation_secret")} (not_after_ms)`,
    sql`
      create table ${table("bucket_key")} (
        tenant_id bytea not null references ${table("tenant")},
        purpose text not null,
        bucket_end_ms bigint not null,
        wrapped bytea not null,
        primary key (tenant_id, purpose, bucket_end_ms)
      )`,
    sql`create index bucket_key_due on ${table("bucket_key")} (bucket_end_ms)`,
  ];
}

/** Append-only: the leaves of the transparency log, in order. Either a conversation or a bucket key is named. */
function tombstones(table: TableName): Statement[] {
  return [
    sql`
      create table ${table("tombstone")} (
        leaf_index bigint primary key,
        tombstone_id bytea not null unique check (length(tombstone_id) = 16),
        leaf bytea not null,
        tenant_id bytea not null,
        conversation_id bytea,
        purpose text,
        bucket_end_ms bigint,
        destroyed_at_ms bigint not null,
        check ((conversation_id is null) = (purpose is not null and bucket_end_ms is not null))
      )`,
    sql`create unique index tombstone_conversation on ${table("tombstone")} (tenant_id, conversation_id)
      where conversation_id is not null`,
    sql`create unique index tombstone_bucket_key on ${table("tombstone")} (tenant_id, purpose, bucket_end_ms)
      where purpose is not null`,
  ];
}
