import type { Clock } from "./clock.ts";
import type { ServiceStrategy } from "./strategy.ts";

/** A turn of the event loop that takes longer than this means that the process hangs. */
const STALL_MS = 10_000;

/**
 * live = the event loop turns and nothing fatal happened; ready = started, consumers joined, not draining. An engine's
 * outage changes neither: a restart would not bring it back.
 */
export class Health {
  readonly #clock: Clock;
  readonly #strategy: ServiceStrategy | undefined;
  readonly #listeners: ((error: unknown) => void)[] = [];
  readonly #beat: NodeJS.Timeout;
  #lastBeatMs: number;
  #isStarted = false;
  #isDraining = false;
  #fatal: { readonly error: unknown } | undefined;

  constructor(clock: Clock, strategy: ServiceStrategy | undefined) {
    this.#clock = clock;
    this.#strategy = strategy;
    this.#lastBeatMs = clock.monotonicMs();
    this.#beat = setInterval(() => (this.#lastBeatMs = clock.monotonicMs()), 1_000).unref();
    strategy?.onFatal((error) => this.fatal(error));
  }

  started(): void {
    this.#isStarted = true;
  }

  draining(): void {
    this.#isDraining = true;
    clearInterval(this.#beat);
  }

  fatal(error: unknown): void {
    if (this.#fatal !== undefined) return;
    this.#fatal = { error };
    for (const listener of this.#listeners) listener(error);
  }

  /** A listener that comes after the fact is told at once. */
  onFatal(listener: (error: unknown) => void): void {
    this.#listeners.push(listener);
    if (this.#fatal !== undefined) listener(this.#fatal.error);
  }

  isLive(): boolean {
    const stalledMs = this.#clock.monotonicMs() - this.#lastBeatMs;
    return this.#fatal === undefined && (this.#isDraining || stalledMs < STALL_MS);
  }

  isReady(): boolean {
    const joined = this.#strategy?.isReady() ?? true;
    return this.#isStarted && !this.#isDraining && this.#fatal === undefined && joined;
  }
}
