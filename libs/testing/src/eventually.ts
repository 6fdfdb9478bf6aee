import { setTimeout as delay } from "node:timers/promises";

/** Repeats an assertion until it passes; after `timeoutMs` its last failure comes out. */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 10 }: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= endMs) throw error;
      await delay(everyMs);
    }
  }
}
