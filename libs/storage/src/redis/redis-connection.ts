import type { Log } from "@cloister/service";
import { setTimeout as delay } from "node:timers/promises";
import { connectRedis, type RedisClient } from "./connect-redis.ts";
import { redisErrorCode } from "./redis-error-code.ts";
import type { RedisSettings } from "./redis-settings.ts";

/** How often the listening connection is asked for a sign of life: nothing else is ever asked on it. */
const heartbeatMs = 2_000;
const firstTryMs = 3_000;

/**
 * Two connections to Redis: one that asks, one that listens. Both come back by themselves; nothing of the service waits
 * for them, and the log says once when Redis went away and once when it is back.
 */
export class RedisConnection {
  readonly settings: RedisSettings;
  /** For commands; each is rejected within half a second when Redis is away. */
  readonly commands: RedisClient;
  /** For subscriptions alone. */
  readonly subscriber: RedisClient;
  readonly #log: Log;
  readonly #heartbeat: NodeJS.Timeout;
  #isAway = false;
  #isClosed = false;

  private constructor(settings: RedisSettings, log: Log) {
    this.settings = settings;
    this.#log = log;
    this.commands = this.#connected(settings);
    this.subscriber = this.#connected(settings);
    this.#heartbeat = setInterval(() => {
      if (this.subscriber.status === "ready") void this.subscriber.ping().catch(() => undefined);
    }, heartbeatMs).unref();
  }

  /** Resolves when Redis has answered, or has not within three seconds: a service starts without it. */
  static async open(settings: RedisSettings, log: Log): Promise<RedisConnection> {
    const connection = new RedisConnection(settings, log);
    const { commands, subscriber } = connection;
    const connecting = [commands, subscriber].map((client) => client.connect().catch(() => undefined));
    // Sentinels that are away are asked again and again before this would end.
    await Promise.race([Promise.all(connecting), delay(firstTryMs, undefined, { ref: false })]);
    return connection;
  }

  get isReady(): boolean {
    return this.commands.status === "ready";
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    this.commands.disconnect();
    this.subscriber.disconnect();
    return Promise.resolve();
  }

  #connected(settings: RedisSettings): RedisClient {
    const client = connectRedis(settings);
    client.on("error", (error: unknown) => this.#away(redisErrorCode(error)));
    client.on("close", () => this.#away("CLOSED"));
    client.on("ready", () => this.#back());
    return client;
  }

  #away(code: string): void {
    if (this.#isAway || this.#isClosed) return;
    this.#isAway = true;
    this.#log.warn("Redis is away: answers are shown when they are whole, limits count in each instance", { code });
  }

  #back(): void {
    if (!this.#isAway || this.commands.status !== "ready" || this.subscriber.status !== "ready") return;
    this.#isAway = false;
    this.#log.info("Redis is back");
  }
}
