import { describe, expect, it } from "@jest/globals";
import { createRequire } from "node:module";
import { correctRequestQueueTimer } from "../../src/kafka/kafkajs/request-queue-timer.ts";

/** What these tests use of kafkajs' own class. */
interface RequestQueue {
  pending: unknown[];
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}

function newQueue(): RequestQueue {
  // The file of the pinned version exports the class.
  const Queue = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as new (
    options: object,
  ) => RequestQueue;
  const logger = { debug: () => undefined, warn: () => undefined };
  return new Queue({ maxInFlightRequests: 1, requestTimeout: 1_000, enforceRequestTimeout: false, logger });
}

describe("the timer of kafkajs' request queue", () => {
  it("is not set for an empty queue, where kafkajs would set a negative one", () => {
    correctRequestQueueTimer();
    const queue = newQueue();
    queue.scheduleCheckPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBeNull();
  });

  it("is set while something waits", () => {
    correctRequestQueueTimer();
    const queue = newQueue();
    queue.pending.push({ send: () => undefined, correlationId: 1 });
    queue.scheduleCheckPendingRequests();
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    queue.destroy();
  });
});
