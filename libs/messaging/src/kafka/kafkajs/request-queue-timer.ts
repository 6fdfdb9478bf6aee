import { createRequire } from "node:module";
import { systemClock } from "@cloister/service";

/** The part of kafkajs' request queue that decides when to look at it again. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
}

const LOOK_AGAIN_MS = 10;

/**
 * kafkajs 2.2.4 sets a timer after each response, for an empty queue too, and a negative one unless it is throttled: a
 * TimeoutNegativeWarning on Node 24, and a needless wake-up per request everywhere. Ours is set only when something
 * waits, and for no less than a millisecond.
 */
export function correctRequestQueueTimer(): void {
  const require = createRequire(import.meta.url);
  // The file of the pinned version exports the class; a test sends requests and counts warnings.
  const { prototype } = require("kafkajs/src/network/requestQueue") as {
    prototype: { scheduleCheckPendingRequests(this: RequestQueue): void };
  };
  prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
}

function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  // kafkajs counts by the machine's clock.
  const throttledMs = this.throttledUntil - systemClock.nowMs();
  const waitMs = throttledMs > 0 ? throttledMs : LOOK_AGAIN_MS;
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, waitMs);
}
