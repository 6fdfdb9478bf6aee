import { MAX_LIVE_FRAME_BYTES, type LiveFrames } from "../live-frames.ts";
import type { Unsubscribe } from "../wake-ups.ts";
import { RedisChannels } from "./redis-channels.ts";
import type { RedisConnection } from "./redis-connection.ts";

/** Between processes, over Redis' publish and subscribe. While Redis is away, within this process only. */
export class RedisLiveFrames implements LiveFrames {
  readonly #channels: RedisChannels;
  /** One question a channel at a time, however many ask. */
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(connection: RedisConnection) {
    this.#channels = new RedisChannels(connection, "live");
  }

  hasListeners(channel: string): Promise<boolean> {
    const running = this.#asking.get(channel);
    if (running !== undefined) return running;
    const asking = this.#channels.hasListeners(channel).finally(() => this.#asking.delete(channel));
    this.#asking.set(channel, asking);
    return asking;
  }

  publish(channel: string, frame: Uint8Array): void {
    if (frame.length <= MAX_LIVE_FRAME_BYTES) this.#channels.say(channel, frame);
  }

  subscribe(channel: string, listener: (frame: Uint8Array) => void): Unsubscribe {
    // Whoever can speak to Redis can publish larger ones.
    return this.#channels.listen(channel, (frame) => {
      if (frame.length <= MAX_LIVE_FRAME_BYTES) listener(frame);
    });
  }

  close(): Promise<void> {
    this.#channels.close();
    return Promise.resolve();
  }
}
