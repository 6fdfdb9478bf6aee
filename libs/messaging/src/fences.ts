import { sql, type RawBuilder } from "kysely";
import { hex } from "./hex.ts";
import type { PriorState } from "./prior-state.ts";
import type { ProtocolScope } from "./protocol-scope.ts";
import type { ConsumedRecord } from "./record-result.ts";

export interface FenceMove {
  readonly conversationId: Uint8Array;
  readonly lastOffset: number;
  /** Of what was read before computing; 0 where there was none. */
  readonly version: number;
  readonly bucketEndMs: number;
}

/** One for each conversation. */
export function fenceMoves(records: readonly ConsumedRecord[], prior: PriorState): readonly FenceMove[] {
  const moves = new Map<string, FenceMove>();
  for (const { record, identity } of records) {
    const key = hex(identity.conversationId);
    const known = moves.get(key) ?? { lastOffset: -1, version: 0, bucketEndMs: 0, ...prior.fences.get(key) };
    moves.set(key, {
      conversationId: identity.conversationId,
      version: known.version,
      lastOffset: Math.max(known.lastOffset, record.offset),
      bucketEndMs: Math.max(known.bucketEndMs, record.bucketEndMs),
    });
  }
  return [...moves.values()];
}

/**
 * Locks the fences of these conversations, compares their versions with those that were read before computing, and moves
 * them on. Returns fewer rows than moves when any version differs; the transaction must then be rolled back. A conversation
 * with two moves is an error of the database's, 21000.
 */
export function moveFences(scope: ProtocolScope, moves: readonly FenceMove[]): RawBuilder<unknown> {
  // In one order, so that transactions never deadlock over them.
  const ordered = moves.toSorted((a, b) => Buffer.compare(a.conversationId, b.conversationId));
  const rows = ordered.map(
    ({ conversationId, lastOffset, version, bucketEndMs }) =>
      sql`(${scope.consumer}, ${conversationId}::bytea, ${lastOffset}::bigint, ${version + 1}::bigint,
        ${bucketEndMs}::bigint)`,
  );
  return sql`
    insert into ${sql.id(scope.schema, "consumer_fence")} as fence
      (consumer, conversation_id, last_offset, version, last_bucket_end_ms)
    values ${sql.join(rows)}
    on conflict (consumer, conversation_id) do update
      set last_offset = excluded.last_offset, version = excluded.version,
        last_bucket_end_ms = greatest(fence.last_bucket_end_ms, excluded.last_bucket_end_ms)
      where fence.version = excluded.version - 1
    returning conversation_id`;
}
