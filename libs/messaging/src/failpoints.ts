import { MessagingError } from "./messaging-error.ts";

/** Gaps of the protocol, in the order that a batch passes them. What was sent is deleted some time after `before-delete`. */
export const GAPS = ["before-transaction", "before-relay", "before-delete", "before-commit"] as const;

export type Gap = (typeof GAPS)[number];

/** Where a test ends a consumer: a rejection here counts as the end of its process. */
export interface Failpoints {
  reach(gap: Gap, consumer: string): Promise<void>;
}

export const noFailpoints: Failpoints = { reach: () => Promise.resolve() };

/** @throws MessagingError CONSUMER_FATAL when the process is to end in this gap */
export async function reachGap(failpoints: Failpoints, gap: Gap, consumer: string): Promise<void> {
  try {
    await failpoints.reach(gap, consumer);
  } catch (error) {
    throw new MessagingError("CONSUMER_FATAL", "the consumer was ended by a failpoint", { cause: error });
  }
}
