import { ChannelListeners } from "./channel-listeners.ts";
import type { Unsubscribe } from "./wake-ups.ts";

/** A larger frame is not carried. An opening with 16 recipients takes a third of it. */
export const MAX_LIVE_FRAME_BYTES = 64 * 1024;

/**
 * Sealed frames of running answers, by conversation: best effort, for whoever listens now, kept nowhere. Frames may get
 * lost. The final reply travels through the message log.
 */
export interface LiveFrames {
  /** Whether anybody listens to the channel, as far as is known: what nobody hears need not be made. */
  hasListeners(channel: string): Promise<boolean>;
  /** Never waits and never throws; a frame above 64 KiB is dropped. */
  publish(channel: string, frame: Uint8Array): void;
  /** Frames of one publisher come in its order; a listener is called in a later turn than `publish`. */
  subscribe(channel: string, listener: (frame: Uint8Array) => void): Unsubscribe;
  close(): Promise<void>;
}

/** Within one process. */
export class InProcessLiveFrames implements LiveFrames {
  readonly #listeners = new ChannelListeners<[frame: Uint8Array]>();

  hasListeners(channel: string): Promise<boolean> {
    return Promise.resolve(this.#listeners.has(channel));
  }

  publish(channel: string, frame: Uint8Array): void {
    if (frame.length > MAX_LIVE_FRAME_BYTES || !this.#listeners.has(channel)) return;
    setImmediate(() => this.#listeners.tell(channel, frame));
  }

  subscribe(channel: string, listener: (frame: Uint8Array) => void): Unsubscribe {
    return this.#listeners.add(channel, listener);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
