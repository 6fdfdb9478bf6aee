import type { Unsubscribe } from "./wake-ups.ts";

/** Who listens to which channel in this process. A channel without listeners takes no memory. */
export class ChannelListeners<Heard extends readonly unknown[]> {
  readonly #byChannel = new Map<string, Set<(...heard: Heard) => void>>();

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  tell(channel: string, ...heard: Heard): void {
    for (const listener of this.#byChannel.get(channel) ?? []) listener(...heard);
  }

  add(channel: string, listener: (...heard: Heard) => void): Unsubscribe {
    const listeners = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byChannel.get(channel) === listeners) this.#byChannel.delete(channel);
    };
  }

  clear(): void {
    this.#byChannel.clear();
  }
}
