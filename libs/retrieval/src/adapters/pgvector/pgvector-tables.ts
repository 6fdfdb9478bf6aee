import {
  bucketEnding,
  bucketMaking,
  protectTenantRows,
  type OwnedSchema,
  type PartitionedTable,
} from "@cloister/storage";
import { sql } from "kysely";

export interface ProtectedVectorRow {
  bucket_end_ms: number;
  tenant_id: Uint8Array;
  conversation_id: Uint8Array;
  cause_id: Uint8Array;
  passage_number: number;
  /** As pgvector writes it: `[0.1,0.2]`. */
  protected: string;
}

export interface PgvectorTables {
  vector: ProtectedVectorRow;
}

/** A schema of its own: only a database with pgvector has it. */
export const pgvectorSchema = "protected_vectors";

export const vectorPartitions: PartitionedTable = { schema: pgvectorSchema, table: "vector" };

/** Deletes an erased conversation's vectors: a right of retention's, which reads none. */
export const forgetConversation = "forget_conversation";

/** What `cloister migrate` makes of it, for vectors of so many numbers. */
export function pgvectorOwned(dimension: number): OwnedSchema {
  return {
    schema: pgvectorSchema,
    migrations: {
      "100_vectors": {
        async up(db, schema) {
          const table = sql.id(schema, "vector");
          await sql`create extension if not exists vector`.execute(db);
          await sql`create table ${table} (
            bucket_end_ms bigint not null,
            tenant_id bytea not null,
            conversation_id bytea not null,
            cause_id bytea not null,
            passage_number integer not null,
            protected vector(${sql.lit(dimension)}) not null,
            primary key (tenant_id, conversation_id, cause_id, passage_number, bucket_end_ms))
            partition by list (bucket_end_ms)`.execute(db);
          await protectTenantRows(db, vectorPartitions);
          await sql`create index on ${table} using hnsw (protected vector_ip_ops)`.execute(db);
          await sql`
            create function ${sql.id(schema, forgetConversation)}(tenant bytea, conversation bytea) returns bigint
            language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
            declare
              deleted bigint;
            begin
              perform set_config('cloister.across', 'owner', true);
              delete from ${table} where tenant_id = tenant and conversation_id = conversation;
              get diagnostics deleted = row_count;
              return deleted;
            end $$`.execute(db);
          await sql`revoke all on function ${sql.id(schema, forgetConversation)}(bytea, bytea) from public`.execute(db);
        },
      },
    },
    grants: [
      { to: "embedding", tables: { vector: ["select", "insert", "delete"] }, ...bucketMaking },
      { to: "inference", tables: { vector: ["select"] } },
      { ...bucketEnding, functions: [...(bucketEnding.functions ?? []), `${forgetConversation}(bytea, bytea)`] },
    ],
  };
}
