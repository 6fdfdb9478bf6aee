import { databaseOnServer, startNativePostgres, type PostgresOptions, type RunningPostgres } from "./postgres.ts";
import { missingForPostgres } from "./postgres-binaries.ts";
import { hasDocker } from "./docker.ts";
import { brokerOf, startNativeKafka, type RunningKafka } from "./kafka.ts";
import { missingForKafka } from "./kafka-jars.ts";
import type { KafkaOptions } from "./kafka-options.ts";
import {
  missingForRedis,
  redisCommand,
  saveDump,
  startNativeRedis,
  type RedisOptions,
  type RunningRedis,
} from "./redis.ts";

/**
 * Kafka: the cluster that CLOISTER_TEST_KAFKA_BROKERS names (`host:port`, comma-separated), else brokers of our own as
 * processes of this machine. With any option it is always our own, since a given cluster is as it is.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const given = givenBrokers(options);
  if (given !== undefined) return givenKafka(given);
  if (missingForKafka() === undefined || !fitsContainer(options, ["properties"])) return startNativeKafka(options);
  const { startKafkaContainer } = await import("./containers.ts");
  return startKafkaContainer(options.properties ?? {});
}

/** Why `startKafka` would fail, with what to install; undefined when it won't. */
export function missingKafka(options: KafkaOptions = {}): string | undefined {
  return missing(givenBrokers(options), missingForKafka(), fitsContainer(options, ["properties"]));
}

/**
 * Redis: the server of CLOISTER_TEST_REDIS_URL, which must be there for tests alone, else one of our own. With any option
 * it is always our own.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const url = givenFor("CLOISTER_TEST_REDIS_URL", options);
  if (url !== undefined) return givenRedis(url);
  if (missingForRedis() === undefined || !fitsContainer(options, [])) return startNativeRedis(options);
  const { startRedisContainer } = await import("./containers.ts");
  return startRedisContainer();
}

/** Why `startRedis` would fail, with what to install; undefined when it won't. */
export function missingRedis(options: RedisOptions = {}): string | undefined {
  return missing(givenFor("CLOISTER_TEST_REDIS_URL", options), missingForRedis(), fitsContainer(options, []));
}

/**
 * PostgreSQL 15+: a new database on the server of CLOISTER_TEST_DATABASE_URL, else on a server of our own. With any option
 * it is always our own.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const url = givenFor("CLOISTER_TEST_DATABASE_URL", options);
  if (url !== undefined) return databaseOnServer(url);
  const isNative = missingForPostgres({ pgvector: options.pgvector ?? false }) === undefined;
  if (isNative || !fitsContainer(options, inPostgresContainer)) return startNativePostgres(options);
  const { startPostgresContainer } = await import("./containers.ts");
  return startPostgresContainer(options);
}

/** Why `startPostgres` would fail, with what to install; undefined when it won't. */
export function missingPostgres(options: PostgresOptions = {}): string | undefined {
  const native = missingForPostgres({ pgvector: options.pgvector ?? false });
  const given = givenFor("CLOISTER_TEST_DATABASE_URL", options);
  return missing(given, native, fitsContainer(options, inPostgresContainer));
}

const inPostgresContainer = ["pgvector", "settings"];

/** A container does what the image does by itself: logins, TLS, several brokers and signals are the native engines'. */
function fitsContainer(options: object, understood: readonly string[]): boolean {
  return Object.keys(options).every((name) => understood.includes(name));
}

/** What isn't installed is taken from Docker where an engine of it answers, if a container can be what is asked for. */
function missing(given: unknown, native: string | undefined, isContainer: boolean): string | undefined {
  return given !== undefined || native === undefined || (isContainer && hasDocker()) ? undefined : native;
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
    save: () => saveDump(url),
    stop: () => Promise.resolve(),
  };
}
