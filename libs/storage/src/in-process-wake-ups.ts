import type { Unsubscribe, WakeUps } from "./wake-ups.ts";

/** Within one process; several wakes of one turn are one. */
export class InProcessWakeUps implements WakeUps {
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #pending = new Set<string>();

  wake(channel: string): void {
    if (!this.#listeners.has(channel) || this.#pending.has(channel)) return;
    this.#pending.add(channel);
    setImmediate(() => {
      this.#pending.delete(channel);
      for (const listener of this.#listeners.get(channel) ?? []) listener();
    });
  }

  subscribe(channel: string, listener: () => void): Unsubscribe {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(channel) === listeners) this.#listeners.delete(channel);
    };
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
