import { systemClock, type Clock } from "@cloister/service";

/** A clock that can be set forward, so that a demo or a test can see retention at work. It exists here alone. */
export class MovableClock implements Clock {
  #aheadMs = 0;

  nowMs(): number {
    return systemClock.nowMs() + this.#aheadMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#aheadMs;
  }

  /** @throws RangeError for a step back: nothing here is made for that */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError("this clock only moves forward");
    this.#aheadMs += ms;
  }
}
