import { ChannelListeners } from "./channel-listeners.ts";
import type { Unsubscribe, WakeUps } from "./wake-ups.ts";

/** Within one process; several wakes of one turn are one. */
export class InProcessWakeUps implements WakeUps {
  readonly #listeners = new ChannelListeners<[]>();
  readonly #pending = new Set<string>();

  wake(channel: string): void {
    if (!this.#listeners.has(channel) || this.#pending.has(channel)) return;
    this.#pending.add(channel);
    setImmediate(() => {
      this.#pending.delete(channel);
      this.#listeners.tell(channel);
    });
  }

  subscribe(channel: string, listener: () => void): Unsubscribe {
    return this.#listeners.add(channel, listener);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
