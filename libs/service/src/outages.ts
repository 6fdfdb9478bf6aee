import type { Clock } from "./clock.ts";

export interface OutagesOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Whoever has not answered by then is taken for away. */
  readonly answerWithinMs: number;
  /** What callers get who would have to wait longer. */
  readonly away: () => Error;
  /** True for a failure that shows that somebody is there; none by default. */
  readonly isAnswer?: (error: unknown) => boolean;
  /** Told of each failure, and of the answer that ends them: for a log. */
  readonly failed: (tenant: string, attempt: number, error: unknown) => void;
  readonly isBack: (tenant: string) => void;
}

/** What is remembered of a tenant whose system failed. */
interface Outage {
  readonly failures: number;
  /** Refused without asking until then, on the monotonic clock. */
  readonly untilMs: number;
  readonly error: unknown;
}

const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 30_000;
/** Once it was away, nobody waits longer for it: most batches hold other tenants' records, too. */
const PATIENCE_MS = 200;

/**
 * Time-out and breaker for systems that each belong to one tenant, so that one of them can't hold up the others: an
 * answer is waited for once and for so long, then the tenant is refused at once, with the last failure. From time to
 * time a caller asks again, for a moment; the answer counts even if it comes after that moment. A library's breaker does
 * neither: it keeps time by the wall clock, and lets all wait for the one that asks.
 */
export class Outages {
  readonly #options: OutagesOptions;
  readonly #outages = new Map<string, Outage>();

  constructor(options: OutagesOptions) {
    this.#options = options;
  }

  /** What `ask` brings for this tenant (its id in hex). `discard` gets an answer that came too late for its caller. */
  ask<T>(tenant: string, ask: () => Promise<T>, discard: (late: T) => void = () => undefined): Promise<T> {
    const outage = this.#outages.get(tenant);
    const nowMs = this.#options.clock.monotonicMs();
    if (outage !== undefined && nowMs < outage.untilMs) return refused(outage);
    // Whoever else comes meanwhile is refused and doesn't ask beside this one.
    if (outage !== undefined) this.#outages.set(tenant, { ...outage, untilMs: nowMs + this.#options.answerWithinMs });
    const answer = this.#within(this.#options.answerWithinMs, ask(), discard);
    answer.then(
      () => this.#answered(tenant),
      (error: unknown) => this.#failed(tenant, error),
    );
    return outage === undefined ? answer : this.#within(PATIENCE_MS, answer, discard);
  }

  /** The next caller asks, whatever failed before. */
  forget(tenant: string): void {
    this.#outages.delete(tenant);
  }

  #answered(tenant: string): void {
    if (this.#outages.delete(tenant)) this.#options.isBack(tenant);
  }

  #failed(tenant: string, error: unknown): void {
    const { clock, failed, isAnswer } = this.#options;
    if (isAnswer?.(error) === true) {
      this.#answered(tenant);
      return;
    }
    const failures = (this.#outages.get(tenant)?.failures ?? 0) + 1;
    const pauseMs = Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    this.#outages.set(tenant, { failures, untilMs: clock.monotonicMs() + pauseMs, error });
    failed(tenant, failures, error);
  }

  async #within<T>(ms: number, answer: Promise<T>, discard: (late: T) => void): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        answer.then(discard, () => undefined);
        reject(this.#options.away());
      }, ms);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function refused({ error }: Outage): Promise<never> {
  throw error;
}
