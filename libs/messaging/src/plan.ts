import { hex, nameOf } from "./hex.ts";
import type { PriorState } from "./prior-state.ts";
import type { ConsumedRecord } from "./record-result.ts";

export interface Plan {
  /** For the step. */
  readonly fresh: readonly ConsumedRecord[];
  /** Handled before, or the same message again: nothing is done. */
  readonly repeated: readonly ConsumedRecord[];
  /** Their bucket has ended; nobody may read them any more. */
  readonly expired: readonly ConsumedRecord[];
  /** A known message id with other bytes. */
  readonly reused: readonly ConsumedRecord[];
  /** An earlier record of the same tenant and conversation is parked. */
  readonly behind: readonly ConsumedRecord[];
}

/** Sorts a batch by what is known of it. Records that were parked pass the checks that they passed when they came. */
export function planBatch(
  records: readonly ConsumedRecord[],
  prior: PriorState,
  options: { readonly nowMs: number; readonly isDrainingParked: boolean },
): Plan {
  const seen = new Map(prior.inbox);
  const plan: Record<keyof Plan, ConsumedRecord[]> = { fresh: [], repeated: [], expired: [], reused: [], behind: [] };
  for (const one of records) plan[placeOf(one, prior, seen, options)].push(one);
  return plan;
}

function placeOf(
  { record, identity }: ConsumedRecord,
  prior: PriorState,
  seen: Map<string, Uint8Array>,
  options: { readonly nowMs: number; readonly isDrainingParked: boolean },
): keyof Plan {
  const { tenantId, messageId, conversationId, fingerprint } = identity;
  if (record.bucketEndMs <= options.nowMs) return "expired";
  const fence = prior.fences.get(hex(conversationId));
  if (!options.isDrainingParked && fence !== undefined && record.offset <= fence.lastOffset) return "repeated";
  const message = nameOf(tenantId, messageId);
  const earlier = seen.get(message) ?? seen.get(hex(messageId));
  if (earlier !== undefined) return Buffer.compare(earlier, fingerprint) === 0 ? "repeated" : "reused";
  const isBehind = prior.parkedConversations.has(nameOf(tenantId, conversationId));
  if (!options.isDrainingParked && isBehind) return "behind";
  seen.set(message, fingerprint);
  return "fresh";
}
