import type { Unsubscribe } from "./wake-ups.ts";

/**
 * Sealed frames of a running answer, by stream: best effort, for whoever listens now, kept nowhere. The final reply
 * travels through the message log.
 */
export interface LiveFrames {
  publish(channel: string, frame: Uint8Array): void;
  /** Frames of one publisher come in its order; a listener is called in a later turn than `publish`. */
  subscribe(channel: string, listener: (frame: Uint8Array) => void): Unsubscribe;
  close(): Promise<void>;
}

export class InProcessLiveFrames implements LiveFrames {
  readonly #listeners = new Map<string, Set<(frame: Uint8Array) => void>>();

  publish(channel: string, frame: Uint8Array): void {
    const listeners = this.#listeners.get(channel);
    if (listeners === undefined) return;
    setImmediate(() => {
      for (const listener of listeners) listener(frame);
    });
  }

  subscribe(channel: string, listener: (frame: Uint8Array) => void): Unsubscribe {
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
