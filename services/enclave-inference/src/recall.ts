import { fromBinary } from "@bufbuild/protobuf";
import { TurnSchema } from "@cloister/contracts/content";
import { openEnvelope, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord, KeyLease, KeyRequest } from "@cloister/keyring";
import { ofTenants, onDatabase } from "@cloister/storage";
import { sql, type Kysely } from "kysely";
import type { InferenceTables, TurnRow } from "./tables.ts";
import { turnName, type RecalledTurn, type TurnCache } from "./turn-cache.ts";

/** So many turns of a conversation are given to the model. */
const maxRecalledTurns = 6;

/** What turns are opened with. */
export interface Recalling {
  readonly keys: KeyLease;
  readonly turnCache: TurnCache;
  readonly nowMs: number;
}

/**
 * The newest live turns of each conversation, newest first, sealed; in the order of the conversations, by one query. None
 * where policy gives a model no history.
 */
export async function turnRows(
  db: Kysely<InferenceTables>,
  conversations: readonly ConversationRecord[],
  nowMs: number,
): Promise<TurnRow[][]> {
  const remembered = conversations.filter(({ policy }) => policy.history);
  const rows = remembered.length === 0 ? [] : await newestTurns(db, remembered, nowMs);
  const byConversation = Map.groupBy(rows, (row) => nameOf(row.tenant_id, row.conversation_id));
  return conversations.map(({ policy, tenantId, conversationId }) =>
    policy.history ? (byConversation.get(nameOf(tenantId, conversationId)) ?? []) : [],
  );
}

function newestTurns(
  db: Kysely<InferenceTables>,
  conversations: readonly ConversationRecord[],
  nowMs: number,
): Promise<TurnRow[]> {
  const names = conversations.map(
    ({ tenantId, conversationId }) => sql`(${tenantId}::bytea, ${conversationId}::bytea)`,
  );
  const asked = sql<Pick<TurnRow, "tenant_id" | "conversation_id">>`(values ${sql.join(names)})`;
  const query = db
    .selectFrom(asked.as<"asked">(sql`asked(tenant_id, conversation_id)`))
    .innerJoinLateral(
      (from) =>
        from
          .selectFrom("turn")
          .selectAll()
          .whereRef("turn.tenant_id", "=", "asked.tenant_id")
          .whereRef("turn.conversation_id", "=", "asked.conversation_id")
          .where("bucket_end_ms", ">", nowMs)
          .orderBy("asked_at_ms", "desc")
          .orderBy("log_offset", "desc")
          .limit(maxRecalledTurns)
          .as("recent"),
      (join) => join.onTrue(),
    )
    .selectAll("recent")
    .orderBy("asked_at_ms", "desc")
    .orderBy("log_offset", "desc");
  return onDatabase(ofTenants(conversations.map(({ tenantId }) => tenantId)), () => query.execute());
}

function nameOf(tenantId: Uint8Array, conversationId: Uint8Array): string {
  return Buffer.concat([tenantId, conversationId]).toString("hex");
}

export function logKeyOf(row: Pick<TurnRow, "tenant_id" | "conversation_id" | "bucket_end_ms">): KeyRequest {
  const { tenant_id: tenantId, conversation_id: conversationId, bucket_end_ms: bucketEndMs } = row;
  return { tenantId, conversationId, purpose: "log", bucketEndMs };
}

/**
 * The conversation's turns in clear, oldest first. The database only proposes: what can't be opened (its bucket was
 * erased), or whose envelope names another conversation or tenant than this one, is left out. What was opened before is
 * not opened again: it takes the same envelope, and the same handle of its key.
 */
export function openTurns(
  rows: readonly TurnRow[],
  conversation: ConversationRecord,
  recalling: Recalling,
): RecalledTurn[] {
  return rows.flatMap((row) => openTurn(row, conversation, recalling) ?? []).reverse();
}

function openTurn(
  row: TurnRow,
  { tenantId, conversationId }: ConversationRecord,
  { keys, turnCache, nowMs }: Recalling,
): RecalledTurn | undefined {
  try {
    const key = keys.openingKey(logKeyOf(row));
    const name = turnName({ tenantId, conversationId }, row.envelope);
    const held = turnCache.get(name, key, nowMs);
    if (held !== undefined) return held.turn;
    const { header, payload } = openEnvelope(nodeBackend, row.envelope, { keys: [key], signer: "none", nowMs });
    if (header.stage !== Stage.TURN || header.causeId === undefined) return undefined;
    if (Buffer.compare(header.tenantId, tenantId) !== 0) return undefined;
    if (Buffer.compare(header.conversationId, conversationId) !== 0) return undefined;
    const { question, answer } = fromBinary(TurnSchema, payload);
    // A copy: the header's is a view that would keep the row's whole envelope.
    const turn = { question, answer, causeId: header.causeId.slice() };
    turnCache.put(name, { turn, key, bucketEndMs: header.expiresAtMs });
    return turn;
  } catch {
    return undefined;
  }
}
