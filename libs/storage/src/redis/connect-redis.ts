import { Cluster, Redis } from "ioredis";
import { randomInt } from "node:crypto";
import type { RedisServers, RedisSettings } from "./redis-settings.ts";

export type RedisClient = Redis | Cluster;

const connectTimeoutMs = 3_000;
/** Whoever asks Redis goes on without an answer after that. */
const commandTimeoutMs = 500;
/** A connection on which nothing came back for so long, with questions open, is given up for a new one. */
const socketTimeoutMs = 3_000;

/** Milliseconds before the next try, from 50 on, at most 2 s, each time by another chance. */
function retryInMs(attempt: number): number {
  const longest = Math.min(2_000, 50 * 2 ** Math.min(attempt, 6));
  return randomInt(longest / 2, longest);
}

/**
 * A client that connects when told to and again whenever it is cut off. A command that can't be sent at once, or is not
 * answered in half a second, is rejected: nothing waits for Redis, and nothing is sent twice.
 */
export function connectRedis(settings: RedisSettings): RedisClient {
  const options = connectionOptions(settings);
  const { servers } = settings;
  return servers.kind === "cluster" ? clusterClient(servers, options) : serverClient(servers, settings, options);
}

type ConnectionOptions = ReturnType<typeof connectionOptions>;

function connectionOptions({ username, password, tls }: RedisSettings) {
  return {
    ...(username !== undefined && { username }),
    ...(password && { password: password.reveal() }),
    ...(tls && { tls: { ...tls } }),
    connectionName: "cloister",
    disableClientInfo: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    socketTimeout: socketTimeoutMs,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Whoever listens asks again by itself, at the first connection as at every later one.
    autoResubscribe: false,
    // After a failover: the server that was the master is none any more.
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
    lazyConnect: true,
  };
}

function serverClient(
  servers: Exclude<RedisServers, { kind: "cluster" }>,
  { tls, sentinelPassword }: RedisSettings,
  options: ConnectionOptions,
): Redis {
  const shared = { ...options, enableOfflineQueue: false, retryStrategy: retryInMs };
  if (servers.kind === "single") return new Redis({ ...shared, ...servers.address, db: servers.database });
  return new Redis({
    ...shared,
    sentinels: [...servers.sentinels],
    name: servers.group,
    ...(sentinelPassword && { sentinelPassword: sentinelPassword.reveal() }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: { ...tls } }),
    sentinelRetryStrategy: retryInMs,
    sentinelCommandTimeout: connectTimeoutMs,
    // Sentinels say at once that another server is the master.
    failoverDetector: true,
  });
}

function clusterClient(
  { nodes }: { nodes: readonly { host: string; port: number }[] },
  options: ConnectionOptions,
): Cluster {
  return new Cluster([...nodes], {
    redisOptions: options,
    enableOfflineQueue: false,
    lazyConnect: true,
    clusterRetryStrategy: retryInMs,
    slotsRefreshTimeout: connectTimeoutMs,
    slotsRefreshInterval: 5_000,
    // Certificates name hosts, not the addresses behind them.
    ...(options.tls && { dnsLookup: (host: string, done: (error: null, host: string) => void) => done(null, host) }),
  });
}
