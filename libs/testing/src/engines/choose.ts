import { databaseOnServer, startNativePostgres, type PostgresOptions, type RunningPostgres } from "./postgres.ts";
import { missingForPostgres } from "./postgres-binaries.ts";
import { brokerOf, startNativeKafka, type RunningKafka } from "./kafka.ts";
import { missingForKafka } from "./kafka-jars.ts";
import type { KafkaOptions } from "./kafka-options.ts";
import { missingForRedis, redisCommand, startNativeRedis, type RedisOptions, type RunningRedis } from "./redis.ts";

/**
 * Kafka: the cluster that CLOISTER_TEST_KAFKA_BROKERS names (`host:port`, comma-separated), else brokers of our own as
 * processes of this machine. With any option it is always our own, since a given cluster is as it is.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const given = givenBrokers(options);
  return given === undefined ? startNativeKafka(options) : givenKafka(given);
}

/** Why `startKafka` would fail, with what to install; undefined when it won't. */
export function missingKafka(options: KafkaOptions = {}): string | undefined {
  return givenBrokers(options) === undefined ? missingForKafka() : undefined;
}

/**
 * Redis: the server of CLOISTER_TEST_REDIS_URL, which must be there for tests alone, else one of our own. With any option
 * it is always our own.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const url = givenFor("CLOISTER_TEST_REDIS_URL", options);
  return url === undefined ? startNativeRedis(options) : givenRedis(url);
}

/** Why `startRedis` would fail, with what to install; undefined when it won't. */
export function missingRedis(options: RedisOptions = {}): string | undefined {
  return givenFor("CLOISTER_TEST_REDIS_URL", options) === undefined ? missingForRedis() : undefined;
}

/**
 * PostgreSQL 15+: a new database on the server of CLOISTER_TEST_DATABASE_URL, else on a server of our own. With any option
 * it is always our own.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const url = givenFor("CLOISTER_TEST_DATABASE_URL", options);
  return url === undefined ? startNativePostgres(options) : databaseOnServer(url);
}

/** Why `startPostgres` would fail, with what to install; undefined when it won't. */
export function missingPostgres(options: PostgresOptions = {}): string | undefined {
  if (givenFor("CLOISTER_TEST_DATABASE_URL", options) !== undefined) return undefined;
  return missingForPostgres({ pgvector: options.pgvector ?? false });
}

function givenFor(variable: string, options: object): string | undefined {
  return Object.keys(options).length === 0 ? process.env[variable] || undefined : undefined;
}

function givenBrokers(options: KafkaOptions): string[] | undefined {
  const list = givenFor("CLOISTER_TEST_KAFKA_BROKERS", options);
  return list?.split(",").map((address) => address.trim());
}

function givenKafka(bootstrapServers: readonly string[]): RunningKafka {
  return {
    bootstrapServers,
    brokers: [],
    dataFolders: [],
    broker: (id) => brokerOf([], id),
    stop: () => Promise.resolve(),
  };
}

function givenRedis(url: string): RunningRedis {
  return {
    url,
    process: undefined,
    dataFolder: undefined,
    flush: () => redisCommand(url, "FLUSHALL"),
    save: () => redisCommand(url, "SAVE"),
    stop: () => Promise.resolve(),
  };
}
