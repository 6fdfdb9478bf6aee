import type { Kysely } from "kysely";
import type { SealedPassage, Segment } from "../../index/vector-index.ts";
import type { PassageTables } from "../sealed/passage-table.ts";
import { reading } from "../sealed/sealed-passage-reader.ts";

/** Those of a store's candidates that the rows still have, in their order: what was replaced or never stored goes out. */
export async function livePassages(
  db: Kysely<PassageTables>,
  { tenantId, conversationId, bucketEndMs }: Segment,
  candidates: readonly SealedPassage[],
): Promise<SealedPassage[]> {
  if (candidates.length === 0) return [];
  const rows = await reading([tenantId], () =>
    db
      .selectFrom("passage_view")
      .select(["cause_id", "passage_number"])
      .where("tenant_id", "=", tenantId)
      .where("conversation_id", "=", conversationId)
      .where("bucket_end_ms", "=", bucketEndMs)
      .where(
        "cause_id",
        "in",
        candidates.map(({ causeId }) => causeId),
      )
      .execute(),
  );
  const live = new Set(rows.map((row) => placeOf(row.cause_id, row.passage_number)));
  return candidates.filter(({ causeId, number }) => live.has(placeOf(causeId, number)));
}

function placeOf(causeId: Uint8Array, number: number): string {
  return `${Buffer.from(causeId).toString("hex")}/${number}`;
}
