import { ChannelListeners } from "./channel-listeners.ts";
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
  readonly #listeners = new ChannelListeners<[frame: Uint8Array]>();

  publish(channel: string, frame: Uint8Array): void {
    if (this.#listeners.has(channel)) setImmediate(() => this.#listeners.tell(channel, frame));
  }

  subscribe(channel: string, listener: (frame: Uint8Array) => void): Unsubscribe {
    return this.#listeners.add(channel, listener);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
