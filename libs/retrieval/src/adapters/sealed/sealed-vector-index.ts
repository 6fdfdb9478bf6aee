import { dropPartition, PartitionKeeper, schemaOf, type Database } from "@cloister/storage";
import { sql } from "kysely";
import type { PassageTransaction, ProtectedStoreName, SealedPassage, VectorIndex } from "../../index/vector-index.ts";
import { passagePartitions, passageSchema, type PassageTables } from "./passage-table.ts";
import { fetchFirstPassages, sealedPassageReader } from "./sealed-passage-reader.ts";

/** PostgreSQL takes at most 65,535 parameters a statement; a passage has eight. */
const rowsPerInsert = 5_000;

/**
 * Sealed rows in embedding's own schema, one partition a bucket, searched in the memory of whoever may open them.
 * `protectedIn`: the store that has their protected vectors beside them.
 */
export function sealedVectorIndex(db: Database, protectedIn?: ProtectedStoreName): VectorIndex<PassageTables> {
  const tables = schemaOf<PassageTables>(db, passageSchema);
  const partitions = new PartitionKeeper(db.kysely, passagePartitions);
  return {
    ...sealedPassageReader(tables),
    prepare: (bucketEndsMs) => partitions.ensure(bucketEndsMs),
    stage: async () => undefined,

    async store(transaction, passages) {
      for (const ofSegment of Map.groupBy(passages, segmentName).values()) {
        const revision = await nextRevision(transaction, ofSegment, protectedIn);
        for (let start = 0; start < ofSegment.length; start += rowsPerInsert) {
          const rows = ofSegment.slice(start, start + rowsPerInsert).map((passage) => toRow(passage, revision));
          await transaction
            .insertInto("passage")
            .values(rows)
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
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
      for (const [first] of Map.groupBy(causes, conversationName).values()) {
        if (first === undefined) continue;
        await transaction
          .updateTable("segment")
          .set((is) => ({ epoch: is("epoch", "+", 1) }))
          .where("tenant_id", "=", first.tenantId)
          .where("conversation_id", "=", first.conversationId)
          .execute();
      }
    },

    firstPassages: (conversation, nowMs) => fetchFirstPassages(tables, conversation, nowMs),

    async dropBucket(bucketEndMs) {
      let isDropped = false;
      for (const table of passagePartitions) {
        isDropped = (await dropPartition(db.kysely, table, bucketEndMs)) !== null || isDropped;
      }
      partitions.forget();
      return isDropped;
    },
  };
}

/** Locks the segment's row until the transaction ends: whoever stores next waits, and gets the next number. */
async function nextRevision(
  transaction: PassageTransaction<PassageTables>,
  passages: readonly SealedPassage[],
  protectedIn: ProtectedStoreName | undefined,
): Promise<number> {
  const [first] = passages;
  if (first === undefined) return 0;
  const areAllProtected = passages.every(({ protection }) => protection !== undefined);
  const { bucketEndMs, tenantId, conversationId, subjectRef } = first;
  const { revision } = await transaction
    .insertInto("segment")
    .values({
      bucket_end_ms: bucketEndMs,
      tenant_id: tenantId,
      conversation_id: conversationId,
      subject_ref: subjectRef ?? null,
      epoch: 0,
      revision: 1,
      protected_in: (areAllProtected ? protectedIn : undefined) ?? null,
    })
    .onConflict((conflict) =>
      conflict.columns(["tenant_id", "conversation_id", "bucket_end_ms"]).doUpdateSet({
        revision: sql`segment.revision + 1`,
        // One passage that is only sealed, and the whole segment has to be searched in memory.
        protected_in: sql`case when segment.protected_in = excluded.protected_in then excluded.protected_in end`,
      }),
    )
    .returning("revision")
    .executeTakeFirstOrThrow();
  return revision;
}

function conversationName({ tenantId, conversationId }: { tenantId: Uint8Array; conversationId: Uint8Array }): string {
  return Buffer.concat([tenantId, conversationId]).toString("hex");
}

function segmentName(passage: SealedPassage): string {
  return `${conversationName(passage)}/${passage.bucketEndMs}`;
}

function toRow(passage: SealedPassage, revision: number) {
  return {
    bucket_end_ms: passage.bucketEndMs,
    tenant_id: passage.tenantId,
    conversation_id: passage.conversationId,
    cause_id: passage.causeId,
    passage_number: passage.number,
    subject_ref: passage.subjectRef ?? null,
    envelope: passage.envelope,
    revision,
  };
}
