import { bucketEndMs, bucketWidthMs, classOfPurpose, type Policy, type Purpose } from "@cloister/policy";
import type { ConversationRecord } from "./conversation-record.ts";

/** Purposes under which an instance seals; `inbound` is sealed to by clients alone. */
export type SealingPurpose = Exclude<Purpose, "inbound">;

/**
 * The bucket end, and so `expires_at_ms`, of what is made out of a client's message: the last bucket that ends within
 * the class's period from `createdAtMs`, the client message's own creation. Hand that time on unchanged from hop to
 * hop, so that lag prolongs nothing. It never passes what the conversation's keys allow.
 */
export function bucketEnd(
  record: Pick<ConversationRecord, "policy" | "sealUntilMs" | "keysNotAfterMs">,
  purpose: SealingPurpose,
  createdAtMs: number,
): number {
  const { periodMs } = record.policy.periods[classOfPurpose(purpose)];
  const end = bucketEndMs(periodMs, Math.min(createdAtMs, record.sealUntilMs));
  const widthMs = bucketWidthMs(periodMs);
  return Math.min(end, Math.floor(record.keysNotAfterMs / widthMs) * widthMs);
}

/** `bucketEnd` for each purpose that is sealed under. */
export function bucketEnds(
  record: Pick<ConversationRecord, "policy" | "sealUntilMs" | "keysNotAfterMs">,
  createdAtMs: number,
): Readonly<Record<SealingPurpose, number>> {
  const end = (purpose: SealingPurpose): number => bucketEnd(record, purpose, createdAtMs);
  return { flow: end("flow"), map: end("map"), log: end("log"), vector: end("vector") };
}

/** The latest bucket that any class of the policy gives to a message created at `createdAtMs`. */
export function latestBucketEnd(policy: Policy, createdAtMs: number): number {
  const { flow, map, log, vector } = policy.periods;
  return Math.max(...[flow, map, log, vector].map(({ periodMs }) => bucketEndMs(periodMs, createdAtMs)));
}
