import { fromBinary } from "@bufbuild/protobuf";
import { TurnSchema } from "@cloister/contracts/content";
import { openEnvelope, Stage } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord, KeyLease, KeyRequest } from "@cloister/keyring";
import { ofTenants, onDatabase } from "@cloister/storage";
import type { Kysely } from "kysely";
import type { ModelTurn } from "./model/model-runtime.ts";
import type { InferenceTables, TurnRow } from "./tables.ts";

/** So many turns of a conversation are given to the model. */
const maxRecalledTurns = 6;

/** A turn of this conversation, and the message that it answered. */
export interface RecalledTurn extends ModelTurn {
  readonly causeId: Uint8Array;
}

/** The newest live turns of a conversation, newest first, sealed. None where policy gives a model no history. */
export async function turnRows(
  db: Kysely<InferenceTables>,
  { policy, tenantId, conversationId }: ConversationRecord,
  nowMs: number,
): Promise<TurnRow[]> {
  if (!policy.history) return [];
  return onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("turn")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .where("conversation_id", "=", conversationId)
      .where("bucket_end_ms", ">", nowMs)
      .orderBy("asked_at_ms", "desc")
      .orderBy("log_offset", "desc")
      .limit(maxRecalledTurns)
      .execute(),
  );
}

export function logKeyOf(row: Pick<TurnRow, "tenant_id" | "conversation_id" | "bucket_end_ms">): KeyRequest {
  const { tenant_id: tenantId, conversation_id: conversationId, bucket_end_ms: bucketEndMs } = row;
  return { tenantId, conversationId, purpose: "log", bucketEndMs };
}

/**
 * The conversation's turns in clear, oldest first. The database only proposes: what can't be opened (its bucket was
 * erased), or whose envelope names another conversation or tenant than this one, is left out.
 */
export function openTurns(
  rows: readonly TurnRow[],
  conversation: ConversationRecord,
  keys: KeyLease,
  nowMs: number,
): RecalledTurn[] {
  return rows.flatMap((row) => openTurn(row, conversation, keys, nowMs) ?? []).reverse();
}

function openTurn(
  row: TurnRow,
  { tenantId, conversationId }: ConversationRecord,
  keys: KeyLease,
  nowMs: number,
): RecalledTurn | undefined {
  try {
    const key = keys.openingKey(logKeyOf(row));
    const { header, payload } = openEnvelope(nodeBackend, row.envelope, { keys: [key], signer: "none", nowMs });
    if (header.stage !== Stage.TURN || header.causeId === undefined) return undefined;
    if (Buffer.compare(header.tenantId, tenantId) !== 0) return undefined;
    if (Buffer.compare(header.conversationId, conversationId) !== 0) return undefined;
    const { question, answer } = fromBinary(TurnSchema, payload);
    return { question, answer, causeId: header.causeId };
  } catch {
    return undefined;
  }
}
