import { setTimeout as delay } from "node:timers/promises";

const MOST_MS = 2_000;

/**
 * Ends something of the library, in whichever way. It waits for what was written to be taken, which a broker that hangs
 * never does; then it is left to itself.
 */
export async function closed(closing: Promise<unknown>): Promise<void> {
  await Promise.race([closing.catch(() => undefined), delay(MOST_MS, undefined, { ref: false })]);
}
