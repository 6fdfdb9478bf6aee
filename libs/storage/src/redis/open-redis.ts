import type { Log } from "@cloister/service";
import type { LiveFrames } from "../live-frames.ts";
import type { WakeUps } from "../wake-ups.ts";
import { RedisConnection } from "./redis-connection.ts";
import { RedisLiveFrames } from "./redis-live-frames.ts";
import { redisSettings, type RedisEnvironment } from "./redis-variables.ts";
import { RedisWakeUps } from "./redis-wake-ups.ts";

/** What a service has of Redis. None of it is a source of truth: all of Redis may be lost at any time. */
export interface RedisSignals {
  readonly connection: RedisConnection;
  readonly wakeUps: WakeUps;
  readonly liveFrames: LiveFrames;
  close(): Promise<void>;
}

/**
 * Connects to the Redis that the environment names; undefined when it names none. A Redis that is away is no error.
 * @throws ServiceError CONFIG_INVALID, SECRET_FILE_OPEN, SECRET_FILE_UNREADABLE
 */
export async function openRedis(environment: RedisEnvironment, log: Log): Promise<RedisSignals | undefined> {
  const settings = await redisSettings(environment);
  if (settings === undefined) return undefined;
  const connection = await RedisConnection.open(settings, log);
  const wakeUps = new RedisWakeUps(connection);
  const liveFrames = new RedisLiveFrames(connection);
  const close = async (): Promise<void> => {
    await Promise.all([wakeUps.close(), liveFrames.close()]);
    await connection.close();
  };
  return { connection, wakeUps, liveFrames, close };
}
