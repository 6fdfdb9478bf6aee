import {
  dropPartition,
  inTransaction,
  ofTenants,
  onDatabase,
  PartitionKeeper,
  schemaOf,
  type Database,
} from "@cloister/storage";
import { sql, type Kysely } from "kysely";
import type { ConversationOfTenant, SealedPassage, Segment } from "../../index/vector-index.ts";
import type { NearestPassages, ProtectedPassage, ProtectedVectors } from "../protected/protected-vectors.ts";
import { passageSchema, type PassageRow, type PassageTables } from "../sealed/passage-table.ts";
import { reading, toPassage } from "../sealed/sealed-passage-reader.ts";
import { forgetConversation, pgvectorSchema, vectorPartitions, type PgvectorTables } from "./pgvector-tables.ts";

/** Each takes some milliseconds to be linked into the graph; a statement has to end within its time-out. */
const rowsPerInsert = 100;
/** pgvector looks at so many at least, and goes on until the filter has let enough through. */
const maxEfSearch = 1_000;

/** Protected vectors in PostgreSQL with pgvector 0.8 or newer: a partition a bucket, each with its own HNSW index. */
export function pgvectorVectors(db: Database): ProtectedVectors {
  const partitions = new PartitionKeeper(db.kysely, [vectorPartitions]);
  return {
    ...pgvectorNearest(db),
    stage: (passages) => partitions.ensure(passages.map(({ bucketEndMs }) => bucketEndMs)),

    async store(transaction, passages) {
      for (let start = 0; start < passages.length; start += rowsPerInsert) {
        await ownTables(transaction)
          .insertInto("vector")
          .values(passages.slice(start, start + rowsPerInsert).map(toRow))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },

    async remove(transaction, causes) {
      for (const { tenantId, conversationId, causeId } of causes) {
        await ownTables(transaction)
          .deleteFrom("vector")
          .where("tenant_id", "=", tenantId)
          .where("conversation_id", "=", conversationId)
          .where("cause_id", "=", causeId)
          .execute();
      }
    },

    async dropBucket(bucketEndMs) {
      partitions.forget();
      return (await dropPartition(db.kysely, vectorPartitions, bucketEndMs)) !== null;
    },
  };
}

/** For whoever only searches. */
export function pgvectorNearest(db: Database): NearestPassages {
  const tables = schemaOf<PgvectorTables>(db, pgvectorSchema);
  return {
    name: "pgvector",
    nearest: (segment, probe, limit) =>
      reading([segment.tenantId], () =>
        inTransaction(tables, ofTenants([segment.tenantId]), async (transaction) => {
          const breadth = sql.lit(String(Math.min(maxEfSearch, Math.max(40, limit))));
          await sql`select set_config('hnsw.ef_search', ${breadth}, true),
            set_config('hnsw.iterative_scan', 'relaxed_order', true)`.execute(transaction);
          return fetchNearest(transaction, segment, probe, limit);
        }),
      ),
  };
}

/**
 * The sealed passage lies in embedding's own table: one look by its key for each candidate, whatever the planner knows of
 * the tables, leaves out what was replaced.
 */
async function fetchNearest(
  transaction: Kysely<PgvectorTables>,
  { tenantId, conversationId, bucketEndMs }: Segment,
  probe: Float32Array,
  limit: number,
): Promise<SealedPassage[]> {
  const { rows } = await sql<PassageRow>`
    with candidate as materialized (
      select cause_id, passage_number, protected <#> ${textOf(probe)}::vector as away
      from ${sql.id(pgvectorSchema, "vector")}
      where bucket_end_ms = ${bucketEndMs} and tenant_id = ${tenantId} and conversation_id = ${conversationId}
      order by protected <#> ${textOf(probe)}::vector
      limit ${limit})
    select live.* from candidate
    cross join lateral (
      select * from ${sql.id(passageSchema, "passage_view")}
      where bucket_end_ms = ${bucketEndMs} and tenant_id = ${tenantId} and conversation_id = ${conversationId}
        and cause_id = candidate.cause_id and passage_number = candidate.passage_number
      limit 1) as live
    order by away`.execute(transaction);
  return rows.map(toPassage);
}

/**
 * For retention: deletes what an erased conversation has in any bucket, by a function of the owner's, and reads nothing.
 * Buckets are partitions, which end as all others do. How many that were.
 */
export async function forgetVectors(db: Database, { tenantId, conversationId }: ConversationOfTenant): Promise<number> {
  const { rows } = await onDatabase(ofTenants([tenantId]), () =>
    sql<{ forgotten: number }>`
      select ${sql.id(pgvectorSchema, forgetConversation)}(${tenantId}, ${conversationId}) as forgotten`.execute(
      db.kysely,
    ),
  );
  return rows[0]?.forgotten ?? 0;
}

/** Within the consumer's transaction, which is of embedding's schema. */
function ownTables(transaction: Kysely<PassageTables>): Kysely<PgvectorTables> {
  return transaction.withSchema(pgvectorSchema).$extendTables<Pick<PgvectorTables, "vector">>();
}

function toRow({ bucketEndMs, tenantId, conversationId, causeId, number, vector }: ProtectedPassage) {
  return {
    bucket_end_ms: bucketEndMs,
    tenant_id: tenantId,
    conversation_id: conversationId,
    cause_id: causeId,
    passage_number: number,
    protected: textOf(vector),
  };
}

function textOf(vector: Float32Array): string {
  return `[${vector.join(",")}]`;
}
