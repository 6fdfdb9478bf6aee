import type { Clock } from "./clock.ts";

const linesInWindow = 100;
const windowMs = 60_000;

interface Window {
  readonly beganAtMs: number;
  taken: number;
}

/** How many lines of one kind may be written: 100 in a minute, which begins with its first. */
export class LineBudget {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /**
   * Undefined when the line is to be left out, else how many were before it.
   * @param kind one of few: each is remembered
   */
  take(kind: string): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const window = this.#windows.get(kind);
    if (window !== undefined && nowMs < window.beganAtMs + windowMs) {
      window.taken += 1;
      return window.taken <= linesInWindow ? 0 : undefined;
    }
    this.#windows.set(kind, { beganAtMs: nowMs, taken: 1 });
    return Math.max(0, (window?.taken ?? 0) - linesInWindow);
  }
}
