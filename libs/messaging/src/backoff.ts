import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

const FIRST_MS = 50;
const MOST_MS = 5_000;

/** Any number from 0 to 1, so that instances that failed together do not try again together. */
const spread = (): number => randomInt(1_001) / 1_000;

/** The pause before attempt n + 1: doubling from 50 ms to 5 s, of which a random half, so that retries spread. */
export function backoffMs(attempt: number, random: () => number = spread): number {
  const fullMs = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return fullMs / 2 + (fullMs / 2) * random();
}

/** Waits, or until the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
