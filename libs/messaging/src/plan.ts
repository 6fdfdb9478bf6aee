import { hex } from "./hex.ts";
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
  /** An earlier record of the same key is parked. */
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
  const conversation = hex(identity.conversationId);
  const message = hex(identity.messageId);
  if (record.bucketEndMs <= options.nowMs) return "expired";
  const fence = prior.fences.get(conversation);
  if (!options.isDrainingParked && fence !== undefined && record.offset <= fence.lastOffset) return "repeated";
  const earlier = seen.get(message);
  if (earlier !== undefined) return Buffer.compare(earlier, identity.fingerprint) === 0 ? "repeated" : "reused";
  if (!options.isDrainingParked && prior.parkedConversations.has(conversation)) return "behind";
  seen.set(message, identity.fingerprint);
  return "fresh";
}
