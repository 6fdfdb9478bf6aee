/** From when to when a fault lasted, on performance's clock. */
export interface FaultSpan {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Recovery {
  /** From the end of a fault to the first reply after it, the longest of all its times; null when none came. */
  readonly firstReplyMs: number | null;
  /** From the end of a fault to the last end of a message that was accepted before it; 0 when none was waiting. */
  readonly caughtUpMs: number;
}

/** How long it took the pipeline to come back. Times are those of the reader. */
export function recoveryOf(
  spans: readonly FaultSpan[],
  acceptedAtMs: ReadonlyMap<string, number>,
  endings: readonly { readonly causeId: string; readonly atMs: number }[],
): Recovery {
  const firsts = spans.map(({ endMs }) => {
    const later = endings.filter(({ atMs }) => atMs >= endMs).map(({ atMs }) => atMs - endMs);
    return later.length === 0 ? null : Math.min(...later);
  });
  const waits = spans.map(({ endMs }) => {
    const earlier = endings.filter(({ causeId }) => (acceptedAtMs.get(causeId) ?? Infinity) < endMs);
    return Math.max(0, ...earlier.map(({ atMs }) => atMs - endMs));
  });
  const known = firsts.filter((first) => first !== null);
  return {
    firstReplyMs: known.length === 0 ? null : Math.round(Math.max(...known)),
    caughtUpMs: Math.round(Math.max(0, ...waits)),
  };
}
