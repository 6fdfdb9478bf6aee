/** A turn of work that takes so long is followed by as long a rest. */
const EVEN_MS = 8;
const MOST_REST_MS = 60;

/**
 * How long work rests after a turn of it, ms, so that more may come for the next. It grows with the square of what the
 * turn took: one that takes a few milliseconds has a machine with time to spare, where waiting would only add to a
 * message's time; one that takes several times as long shares its processor with others, whom larger batches relieve.
 */
export function restMs(tookMs: number): number {
  return Math.min(MOST_REST_MS, Math.max(0, tookMs) ** 2 / EVEN_MS);
}
