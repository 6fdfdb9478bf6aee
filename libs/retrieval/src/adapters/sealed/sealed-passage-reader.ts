import { onDatabase, sqlState } from "@cloister/storage";
import type { Kysely } from "kysely";
import { RetrievalError } from "../../errors.ts";
import type { PassageReader, PassageScope, SealedPassage } from "../../index/vector-index.ts";
import type { PassageRow, PassageTables } from "./passage-table.ts";

/** Passages are small and opened in microseconds; a scope beyond this is searched in its newest part. */
export const defaultMaxPassages = 20_000;

/** Reads sealed passages through the view that embedding owns. `db` is of the schema `embedding`. */
export function sealedPassageReader(db: Kysely<PassageTables>, maxPassages = defaultMaxPassages): PassageReader {
  return { fetch: (scope) => fetchPassages(db, scope, maxPassages) };
}

export async function fetchPassages(
  db: Kysely<PassageTables>,
  scope: PassageScope,
  maxPassages: number,
  which: "all" | "first" = "all",
): Promise<SealedPassage[]> {
  const { tenantId, conversationIds, subjectRef, nowMs } = scope;
  if (conversationIds.length === 0 && subjectRef === undefined) return [];
  let query = db
    .selectFrom("passage_view")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("bucket_end_ms", ">", nowMs)
    .where((is) => {
      const conditions = [];
      if (conversationIds.length > 0) conditions.push(is("conversation_id", "in", conversationIds));
      if (subjectRef !== undefined) conditions.push(is("subject_ref", "=", subjectRef));
      return is.or(conditions);
    })
    .orderBy("bucket_end_ms", "desc")
    .orderBy("cause_id", "desc")
    .orderBy("passage_number")
    .limit(maxPassages);
  if (which === "first") query = query.where("passage_number", "=", 0);
  const rows = await onDatabase(() => query.execute()).catch((error: unknown) => {
    throw sqlState(error) === undefinedTable ? notReady(error) : error;
  });
  return rows.map(toPassage);
}

/** SQLSTATE of PostgreSQL's appendix A. */
const undefinedTable = "42P01";

function notReady(cause: unknown): RetrievalError {
  const message = "The passages' tables don't exist yet; they come when the embedding service starts.";
  return new RetrievalError("INDEX_NOT_READY", message, { cause });
}

function toPassage(row: PassageRow): SealedPassage {
  return {
    tenantId: row.tenant_id,
    conversationId: row.conversation_id,
    causeId: row.cause_id,
    number: row.passage_number,
    ...(row.subject_ref === null ? {} : { subjectRef: row.subject_ref }),
    bucketEndMs: row.bucket_end_ms,
    envelope: row.envelope,
  };
}
