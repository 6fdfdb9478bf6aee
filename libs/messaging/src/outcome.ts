import { nameOf } from "./hex.ts";
import type { LogRecord, OutgoingRecord } from "./message-log.ts";
import type { ConsumedRecord, Done, Failure, RecordIdentity, RecordResult } from "./record-result.ts";

/** What a transaction writes for one record. */
export type Outcome =
  | { readonly kind: "done"; readonly consumed: ConsumedRecord; readonly result: Done<unknown, unknown> }
  | {
      readonly kind: "parked";
      readonly consumed: ConsumedRecord;
      readonly code: string;
      readonly outputs: readonly OutgoingRecord[];
    }
  | {
      readonly kind: "dead";
      readonly record: LogRecord;
      readonly identity: RecordIdentity | undefined;
      readonly failure: Failure;
      readonly outputs: readonly OutgoingRecord[];
    };

/** The code of a record that waits only because an earlier one of its conversation does. */
export const BEHIND = "BEHIND_PARKED";

/** Makes the outcomes of which a reader is told. */
export interface Reports {
  dead(record: LogRecord, failure: Failure, identity?: RecordIdentity): Outcome;
  parked(consumed: ConsumedRecord, code: string): Outcome;
}

/**
 * Turns a step's results into outcomes. When a record is parked, the later ones of its conversation are parked behind it,
 * whatever the step made of them: it did so believing that the earlier one was done.
 */
export function outcomesOf(
  fresh: readonly ConsumedRecord[],
  results: readonly RecordResult[],
  reports: Reports,
): Outcome[] {
  const parked = new Set<string>();
  return fresh.flatMap((consumed, n): Outcome[] => {
    const result = results[n];
    if (result === undefined) return [];
    const conversation = nameOf(consumed.identity.tenantId, consumed.identity.conversationId);
    if (parked.has(conversation)) return [reports.parked(consumed, BEHIND)];
    if (result.status === "done") return [{ kind: "done", consumed, result }];
    if (result.failure.kind !== "tenant") return [reports.dead(consumed.record, result.failure, consumed.identity)];
    parked.add(conversation);
    return [reports.parked(consumed, result.failure.code)];
  });
}

export function recordOf(outcome: Outcome): LogRecord {
  return outcome.kind === "dead" ? outcome.record : outcome.consumed.record;
}

/** What is sent on, in order. */
export function outputsOf(outcome: Outcome): readonly OutgoingRecord[] {
  return outcome.kind === "done" ? outcome.result.outputs : outcome.outputs;
}

/** The record with its ids, where they could be read. */
export function consumedOf(outcome: Outcome): ConsumedRecord[] {
  if (outcome.kind !== "dead") return [outcome.consumed];
  const { record, identity } = outcome;
  return identity === undefined ? [] : [{ record, identity }];
}

/** What the consumer itself stores. */
export function writesOf(outcomes: readonly Outcome[]): unknown[] {
  const results = outcomes.flatMap((outcome) => (outcome.kind === "done" ? [outcome.result] : []));
  return results.flatMap((result) => (result.write === undefined ? [] : [result.write]));
}

export function bucketsOf(outcome: Outcome): number[] {
  return [recordOf(outcome), ...outputsOf(outcome)].map((record) => record.bucketEndMs);
}

/** Records to send, in order, by the number of the consumed partition. */
export type Lanes = ReadonlyMap<number, readonly OutgoingRecord[]>;

export function lanesOf(outcomes: readonly Outcome[]): Lanes {
  const lanes = new Map<number, OutgoingRecord[]>();
  for (const outcome of outcomes) {
    const { partition } = recordOf(outcome);
    const lane = lanes.get(partition) ?? [];
    lanes.set(partition, lane);
    lane.push(...outputsOf(outcome));
  }
  return lanes;
}

export function byOffset(a: Outcome, b: Outcome): number {
  const [one, other] = [recordOf(a), recordOf(b)];
  return one.partition - other.partition || one.offset - other.offset;
}
