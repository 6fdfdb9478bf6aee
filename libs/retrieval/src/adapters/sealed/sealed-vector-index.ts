import { dropPartition, PartitionKeeper, schemaOf, type Database } from "@cloister/storage";
import type { SealedPassage, VectorIndex } from "../../index/vector-index.ts";
import { passagePartitions, passageSchema, type PassageTables } from "./passage-table.ts";
import { defaultMaxPassages, fetchPassages } from "./sealed-passage-reader.ts";

/** PostgreSQL takes at most 65,535 parameters a statement; a passage has seven. */
const rowsPerInsert = 5_000;

/** Sealed rows in embedding's own schema, one partition a bucket, searched in the memory of whoever may open them. */
export function sealedVectorIndex(db: Database, maxPassages = defaultMaxPassages): VectorIndex<PassageTables> {
  const tables = schemaOf<PassageTables>(db, passageSchema);
  const partitions = new PartitionKeeper(db.kysely, passagePartitions);
  return {
    prepare: (bucketEndsMs) => partitions.ensure(bucketEndsMs),

    async store(transaction, passages) {
      for (let start = 0; start < passages.length; start += rowsPerInsert) {
        const rows = passages.slice(start, start + rowsPerInsert).map(toRow);
        await transaction
          .insertInto("passage")
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },

    async remove(transaction, causes) {
      for (const { tenantId, conversationId, causeId } of causes) {
        await transaction
          .deleteFrom("passage")
          .where("tenant_id", "=", tenantId)
          .where("conversation_id", "=", conversationId)
          .where("cause_id", "=", causeId)
          .execute();
      }
    },

    fetch: (scope) => fetchPassages(tables, scope, maxPassages),
    firstPassages: (scope) => fetchPassages(tables, scope, maxPassages, "first"),

    async dropBucket(bucketEndMs) {
      let isDropped = false;
      for (const table of passagePartitions) isDropped = await dropPartition(db.kysely, table, bucketEndMs);
      partitions.forget();
      return isDropped;
    },
  };
}

function toRow(passage: SealedPassage) {
  return {
    bucket_end_ms: passage.bucketEndMs,
    tenant_id: passage.tenantId,
    conversation_id: passage.conversationId,
    cause_id: passage.causeId,
    passage_number: passage.number,
    subject_ref: passage.subjectRef ?? null,
    envelope: passage.envelope,
  };
}
