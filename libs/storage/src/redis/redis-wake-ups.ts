import type { Unsubscribe, WakeUps } from "../wake-ups.ts";
import { RedisChannels } from "./redis-channels.ts";
import type { RedisConnection } from "./redis-connection.ts";

const nothing = new Uint8Array();
const lookEveryMs = 250;
/** Each channel is woken so often while Redis is away: hints from other processes don't come then. */
const awayPeriodMs = 5_000;

/**
 * Between processes, over Redis' publish and subscribe. While Redis is away every listener is woken about each five
 * seconds, in turn, so that readers wait a little longer and databases are not asked by all at once.
 */
export class RedisWakeUps implements WakeUps {
  readonly #channels: RedisChannels;
  readonly #pending = new Set<string>();
  readonly #look: NodeJS.Timeout;
  #isBehind = false;
  #turn: string[] = [];

  constructor(connection: RedisConnection) {
    this.#channels = new RedisChannels(connection, "wake");
    this.#look = setInterval(() => this.#wakeInTurn(), lookEveryMs).unref();
  }

  wake(channel: string): void {
    if (this.#pending.has(channel)) return;
    this.#pending.add(channel);
    setImmediate(() => {
      this.#pending.delete(channel);
      this.#channels.say(channel, nothing);
    });
  }

  subscribe(channel: string, listener: () => void): Unsubscribe {
    return this.#channels.listen(channel, listener);
  }

  close(): Promise<void> {
    clearInterval(this.#look);
    this.#channels.close();
    return Promise.resolve();
  }

  /** Once more after Redis came back: what was said in between was not heard. */
  #wakeInTurn(): void {
    const { isReady, channels } = this.#channels;
    if (!isReady) this.#isBehind = true;
    if (this.#turn.length === 0) {
      if (!this.#isBehind) return;
      this.#isBehind = !isReady;
      this.#turn = channels;
    }
    const share = Math.ceil((channels.length * lookEveryMs) / awayPeriodMs);
    for (const channel of this.#turn.splice(0, Math.max(1, share))) this.#channels.tellHere(channel, nothing);
  }
}
