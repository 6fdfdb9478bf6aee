import type { Contender } from "./contender.ts";

export const IN_FLIGHT = 16;

export interface Samples {
  readonly sealUs: number[];
  readonly openUs: number[];
  readonly sealsPerSecond: number[];
  readonly opensPerSecond: number[];
  overheadBytes: number;
}

export function noSamples(): Samples {
  return { sealUs: [], openUs: [], sealsPerSecond: [], opensPerSecond: [], overheadBytes: 0 };
}

const WARM_UP_OPERATIONS = 3_000;
const WARM_UP_MS = 500;

/** Optimized code before anything counts: a program of more functions needs more calls for that than one of few. */
export async function warmUp(contender: Contender, payload: Uint8Array): Promise<void> {
  const endMs = performance.now() + WARM_UP_MS;
  for (let i = 0; i < WARM_UP_OPERATIONS && performance.now() < endMs; i++) {
    await contender.open(await contender.seal(payload));
  }
}

/** One round: `count` seals and opens one after the other, then the same with 16 in flight. Adds to `samples`. */
export async function measureRound(
  contender: Contender,
  payload: Uint8Array,
  count: number,
  samples: Samples,
): Promise<void> {
  const sealed: unknown[] = [];
  for (let i = 0; i < count; i++) sealed.push(await timed(() => contender.seal(payload), samples.sealUs));
  for (const one of sealed) await timed(() => contender.open(one), samples.openUs);
  samples.sealsPerSecond.push(await throughput(count, () => contender.seal(payload)));
  samples.opensPerSecond.push(await throughput(count, (i) => contender.open(sealed[i])));
  samples.overheadBytes = contender.size(sealed[0]) - payload.length;
}

/** A synchronous contender is not awaited, so that it does not pay for a turn of the microtask queue. */
async function timed<T>(run: () => T | Promise<T>, samplesUs: number[]): Promise<T> {
  const start = process.hrtime.bigint();
  const pending = run();
  const result = pending instanceof Promise ? await pending : pending;
  samplesUs.push(Number(process.hrtime.bigint() - start) / 1000);
  return result;
}

async function throughput(count: number, run: (i: number) => unknown): Promise<number> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (count * 1e9) / Number(process.hrtime.bigint() - start);
}

/** The value that a share `p` (0 to 1) of the samples does not exceed. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}
