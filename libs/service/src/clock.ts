import { performance } from "node:perf_hooks";

/** Where time comes from. What is due is decided against it on use; timers only wake. */
export interface Clock {
  /** Milliseconds since the Unix epoch, whole. */
  nowMs(): number;
  /** Milliseconds on a clock that never steps back, for leases and durations only. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
