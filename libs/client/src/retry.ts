import { ClientError } from "./errors.ts";

export interface RetryPolicy {
  /** How often a request is sent at most, the first time included. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const defaultRetry: RetryPolicy = { attempts: 6, firstPauseMs: 200, longestPauseMs: 5_000 };

/**
 * Doubles with each attempt up to the longest, then takes a random part of it so that clients don't come in step. Not
 * less than the service asks for, and up to a quarter more; but what it asks for counts up to the longest alone, so that
 * nobody who stands in for it stops a client.
 */
export function pauseMs(policy: RetryPolicy, attempt: number, random: number, askedMs = 0): number {
  const ceiling = Math.min(policy.longestPauseMs, policy.firstPauseMs * 2 ** (attempt - 1));
  const own = ceiling / 2 + (ceiling / 2) * random;
  return Math.max(own, Math.min(policy.longestPauseMs, askedMs) * (1 + random / 4));
}

/** @throws ClientError ABORTED as soon as the signal fires. */
export async function pause(
  policy: RetryPolicy,
  attempt: number,
  { signal, askedMs }: { readonly signal?: AbortSignal | undefined; readonly askedMs?: number | undefined },
): Promise<void> {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  await sleep(pauseMs(policy, attempt, random / 2 ** 32, askedMs), signal);
}

/** @throws ClientError ABORTED as soon as the signal fires. */
export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(new ClientError("ABORTED", "The caller stopped the request."));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
