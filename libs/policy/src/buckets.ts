/** Expiry buckets are UTC-aligned and shared by tenants, so that whole partitions can be dropped. */
export const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;

/** ≤ 2 days → 1 hour; ≤ 60 days → 1 day; ≤ 2 years → 7 days; else 30 days. In ms. */
export function bucketWidthMs(periodMs: number): number {
  if (periodMs <= 2 * DAY_MS) return HOUR_MS;
  if (periodMs <= 60 * DAY_MS) return DAY_MS;
  if (periodMs <= 730 * DAY_MS) return 7 * DAY_MS;
  return 30 * DAY_MS;
}

/**
 * The end of the last bucket that ends at or before createdAtMs + periodMs: nothing outlives its period, and for a
 * period of at least one bucket width (every one a policy can state) the end lies after createdAtMs.
 * @throws RangeError unless both are whole numbers of ms and the period is at least its bucket's width.
 */
export function bucketEndMs(periodMs: number, createdAtMs: number): number {
  const widthMs = bucketWidthMs(periodMs);
  if (!Number.isSafeInteger(periodMs) || !Number.isSafeInteger(createdAtMs) || createdAtMs < 0 || periodMs < widthMs) {
    throw new RangeError("A bucket needs a creation time and a period of at least its width, in whole ms.");
  }
  return Math.floor((createdAtMs + periodMs) / widthMs) * widthMs;
}

export interface InboundWindow {
  /** The end of the inbound key's bucket, and so `expires_at_ms` of what is sealed to it. */
  readonly bucketEndMs: number;
  /** Nothing may be sealed to the key from this time on. */
  readonly sealUntilMs: number;
}

/**
 * The bucket of an inbound key given out at issuedAtMs, and until when it may be sealed to: an hour or the bucket's
 * width, whichever is less, and never past the bucket. The bucket ends at or before issuedAtMs + flowPeriodMs, so
 * whatever is sealed later lives less than the period.
 */
export function inboundWindow(flowPeriodMs: number, issuedAtMs: number): InboundWindow {
  const endMs = bucketEndMs(flowPeriodMs, issuedAtMs);
  const windowMs = Math.min(HOUR_MS, bucketWidthMs(flowPeriodMs));
  return { bucketEndMs: endMs, sealUntilMs: Math.min(issuedAtMs + windowMs, endMs) };
}
