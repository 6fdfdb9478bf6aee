import { sql, type Transaction } from "kysely";
import { hex } from "./hex.ts";
import type { PriorState } from "./prior-state.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import type { ConsumedRecord } from "./record-result.ts";

/**
 * Locks the fences of the batch's conversations, compares their versions with those that were read before computing,
 * and moves them on: one statement, in one order of rows, so that transactions never deadlock over them.
 * @returns false when any version differs; the transaction must then be rolled back.
 */
export async function moveFences<T>(
  tx: Transaction<T>,
  scope: ProtocolScope,
  records: readonly ConsumedRecord[],
  prior: PriorState,
): Promise<boolean> {
  const moves = new Map<string, { id: Uint8Array; lastOffset: number; version: number; bucketEndMs: number }>();
  for (const { record, identity } of records) {
    const key = hex(identity.conversationId);
    const known = moves.get(key) ?? { lastOffset: -1, version: 0, bucketEndMs: 0, ...prior.fences.get(key) };
    moves.set(key, {
      id: identity.conversationId,
      version: known.version,
      lastOffset: Math.max(known.lastOffset, record.offset),
      bucketEndMs: Math.max(known.bucketEndMs, record.bucketEndMs),
    });
  }
  if (moves.size === 0) return true;
  const inOrder = [...moves.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, move]) => move);
  const rows = inOrder.map(
    ({ id, lastOffset, version, bucketEndMs }) =>
      sql`(${scope.consumer}, ${id}::bytea, ${lastOffset}::bigint, ${version + 1}::bigint, ${bucketEndMs}::bigint)`,
  );
  const moved = await sql`
    insert into ${sql.id(scope.schema, "consumer_fence")} as fence
      (consumer, conversation_id, last_offset, version, last_bucket_end_ms)
    values ${sql.join(rows)}
    on conflict (consumer, conversation_id) do update
      set last_offset = excluded.last_offset, version = excluded.version,
        last_bucket_end_ms = greatest(fence.last_bucket_end_ms, excluded.last_bucket_end_ms)
      where fence.version = excluded.version - 1
    returning conversation_id`.execute(tx);
  return moved.rows.length === moves.size;
}
