const REST = 2;
const MOST_REST_MS = 100;

/**
 * How long work rests after a turn of it, ms, so that more may come for the next: so many times as long as the turn took.
 * On a machine with time to spare that is little; on a busy one it lets batches grow, which then take less of it.
 */
export function restMs(tookMs: number): number {
  return Math.min(MOST_REST_MS, REST * Math.max(0, tookMs));
}
