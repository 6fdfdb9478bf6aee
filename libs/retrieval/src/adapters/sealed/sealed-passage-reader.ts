import { ofTenants, onDatabase, sqlState } from "@cloister/storage";
import type { Kysely } from "kysely";
import { RetrievalError } from "../../errors.ts";
import type {
  ConversationOfTenant,
  PassageReader,
  PassageScope,
  ProtectedStoreName,
  SealedPassage,
  Segment,
  SegmentPart,
} from "../../index/vector-index.ts";
import type { PassageRow, PassageTables, SegmentRow } from "./passage-table.ts";

/** Reads sealed passages through the views that embedding owns. `db` is of the schema `embedding`. */
export function sealedPassageReader(db: Kysely<PassageTables>): PassageReader {
  return {
    segments: (scopes) => fetchSegments(db, scopes),
    passages: (segment, part) => fetchPassages(db, segment, part),
    nearest: async () => undefined,
  };
}

/** One query a tenant, whatever the number of scopes. */
async function fetchSegments(db: Kysely<PassageTables>, scopes: readonly PassageScope[]): Promise<Segment[][]> {
  const byTenant = Map.groupBy(scopes, ({ tenantId }) => hexOf(tenantId));
  const rows = await Promise.all([...byTenant.values()].map((ofTenant) => fetchSegmentRows(db, ofTenant)));
  const found = new Map([...byTenant.keys()].map((tenant, n) => [tenant, rows[n] ?? []]));
  return scopes.map((scope) => (found.get(hexOf(scope.tenantId)) ?? []).filter(isIn(scope)).map(toSegment));
}

async function fetchSegmentRows(db: Kysely<PassageTables>, scopes: readonly PassageScope[]): Promise<SegmentRow[]> {
  const conversationIds = scopes.flatMap((scope) => scope.conversationIds);
  const subjectRefs = scopes.flatMap(({ subjectRef }) => subjectRef ?? []);
  const [scope] = scopes;
  if (scope === undefined || conversationIds.length + subjectRefs.length === 0) return [];
  const query = db
    .selectFrom("segment_view")
    .selectAll()
    .where("tenant_id", "=", scope.tenantId)
    .where("bucket_end_ms", ">", Math.min(...scopes.map(({ nowMs }) => nowMs)))
    .where((is) => {
      const conditions = [];
      if (conversationIds.length > 0) conditions.push(is("conversation_id", "in", conversationIds));
      if (subjectRefs.length > 0) conditions.push(is("subject_ref", "in", subjectRefs));
      return is.or(conditions);
    })
    .orderBy("bucket_end_ms", "desc");
  return reading([scope.tenantId], () => query.execute());
}

function isIn({ conversationIds, subjectRef, nowMs }: PassageScope): (row: SegmentRow) => boolean {
  const conversations = new Set(conversationIds.map(hexOf));
  const subject = subjectRef && hexOf(subjectRef);
  return (row) =>
    row.bucket_end_ms > nowMs &&
    (conversations.has(hexOf(row.conversation_id)) || (row.subject_ref !== null && hexOf(row.subject_ref) === subject));
}

function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString("hex");
}

async function fetchPassages(
  db: Kysely<PassageTables>,
  { tenantId, conversationId, bucketEndMs }: Segment,
  { afterRevision, limit }: SegmentPart,
): Promise<SealedPassage[]> {
  const query = db
    .selectFrom("passage_view")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("conversation_id", "=", conversationId)
    .where("bucket_end_ms", "=", bucketEndMs)
    .where("revision", ">", afterRevision)
    .orderBy("cause_id", "desc")
    .orderBy("passage_number")
    .limit(limit);
  return (await reading([tenantId], () => query.execute())).map(toPassage);
}

/** The first passage of each message or document of a conversation. */
export async function fetchFirstPassages(
  db: Kysely<PassageTables>,
  { tenantId, conversationId }: ConversationOfTenant,
  nowMs: number,
): Promise<SealedPassage[]> {
  const query = db
    .selectFrom("passage_view")
    .selectAll()
    .where("tenant_id", "=", tenantId)
    .where("conversation_id", "=", conversationId)
    .where("bucket_end_ms", ">", nowMs)
    .where("passage_number", "=", 0);
  return (await reading([tenantId], () => query.execute())).map(toPassage);
}

/** Of these tenants' rows. @throws RetrievalError INDEX_NOT_READY */
export function reading<T>(tenantIds: readonly Uint8Array[], work: () => Promise<T>): Promise<T> {
  return onDatabase(ofTenants(tenantIds), work).catch((error: unknown) => {
    throw sqlState(error) === undefinedTable ? notReady(error) : error;
  });
}

/** SQLSTATE of PostgreSQL's appendix A. */
const undefinedTable = "42P01";

function notReady(cause: unknown): RetrievalError {
  const message = "The passages' tables don't exist yet; they come when the embedding service starts.";
  return new RetrievalError("INDEX_NOT_READY", message, { cause });
}

function toSegment(row: SegmentRow): Segment {
  return {
    tenantId: row.tenant_id,
    conversationId: row.conversation_id,
    bucketEndMs: row.bucket_end_ms,
    epoch: row.epoch,
    revision: row.revision,
    ...(isStoreName(row.protected_in) && { protectedIn: row.protected_in }),
  };
}

function isStoreName(name: string | null): name is ProtectedStoreName {
  return name === "pgvector" || name === "qdrant";
}

export function toPassage(row: PassageRow): SealedPassage {
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
