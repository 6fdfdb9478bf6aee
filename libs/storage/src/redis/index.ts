export { openRedis, type RedisSignals } from "./open-redis.ts";
export { RedisConnection } from "./redis-connection.ts";
export { redisErrorCode } from "./redis-error-code.ts";
export { RedisLiveFrames } from "./redis-live-frames.ts";
export type { RedisAddress, RedisServers, RedisSettings } from "./redis-settings.ts";
export { redisSettings, redisVariables, type RedisEnvironment } from "./redis-variables.ts";
export { RedisWakeUps } from "./redis-wake-ups.ts";
