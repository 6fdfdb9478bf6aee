/** Where the SDK's time comes from. What has expired is decided against it on use. */
export interface Clock {
  /** Milliseconds since the Unix epoch, whole. */
  nowMs(): number;
}

/** The device's own. */
export const deviceClock: Clock = { nowMs: () => Date.now() };
