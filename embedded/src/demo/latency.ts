export interface Percentiles {
  readonly count: number;
  /** Milliseconds, nearest rank. */
  readonly p50: number;
  readonly p95: number;
}

export function percentilesOf(latenciesMs: readonly number[]): Percentiles {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50: rank(0.5), p95: rank(0.95) };
}
