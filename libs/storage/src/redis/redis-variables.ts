import { readFile } from "node:fs/promises";
import {
  codeOf,
  readSecretFile,
  Secret,
  secretVariable,
  ServiceError,
  variable,
  type ConfigOf,
} from "@cloister/service";
import { z } from "zod";
import type { RedisAddress, RedisServers, RedisSettings } from "./redis-settings.ts";

const redisUrl = z.url({ protocol: /^rediss?$/u });
const addresses = z
  .string()
  .refine((text) => addressesOf(text) !== undefined, "each is host:port, separated by commas; [::1]:6379 for IPv6")
  .optional();
const file = z.string().min(1).optional();

/** For the configuration of every service that uses Redis. Without URL, sentinels and cluster there is none. */
export const redisVariables = {
  redisUrl: secretVariable("CLOISTER_REDIS_URL", redisUrl.optional(), {
    description:
      "One Redis 7+ for live answers, wake-ups and limits: redis://host:6379, or rediss:// for TLS. Unset: no Redis",
  }),
  redisSentinels: variable("CLOISTER_REDIS_SENTINELS", addresses, {
    description: "Instead of the URL: sentinels that name the master, as host:port separated by commas",
  }),
  redisSentinelGroup: variable("CLOISTER_REDIS_SENTINEL_GROUP", z.string().min(1), {
    description: "The name under which the sentinels know the master",
    default: "mymaster",
  }),
  redisCluster: variable("CLOISTER_REDIS_CLUSTER", addresses, {
    description: "Instead of the URL: some nodes of a Redis Cluster, as host:port separated by commas",
  }),
  redisTls: variable("CLOISTER_REDIS_TLS", z.enum(["on", "off"]), {
    description: "TLS to sentinels, cluster and their servers; with a URL its scheme says so",
    default: "off",
  }),
  redisCaFile: variable("CLOISTER_REDIS_CA_FILE", file, {
    description: "PEM file of the authority that signs Redis' certificates; unset: what the machine trusts",
  }),
  redisUsername: variable("CLOISTER_REDIS_USERNAME", z.string().min(1).optional(), {
    description: "User of Redis' access lists; unset: the default user",
  }),
  redisPasswordFile: variable("CLOISTER_REDIS_PASSWORD_FILE", file, {
    description: "File (0600) with the password for Redis",
  }),
  redisSentinelPasswordFile: variable("CLOISTER_REDIS_SENTINEL_PASSWORD_FILE", file, {
    description: "File (0600) with the password for the sentinels, where they have one",
  }),
  redisPrefix: variable("CLOISTER_REDIS_PREFIX", z.string().regex(/^[a-z0-9][a-z0-9:_-]{0,31}$/u), {
    description: "Before every key and channel: the same in all services of a deployment, another in another",
    default: "cloister",
  }),
};

export type RedisEnvironment = ConfigOf<typeof redisVariables>;

/**
 * What the variables say, their files read; undefined when no server is named.
 * @throws ServiceError CONFIG_INVALID when they contradict each other or the CA file can't be read, SECRET_FILE_OPEN,
 * SECRET_FILE_UNREADABLE
 */
export async function redisSettings(environment: RedisEnvironment): Promise<RedisSettings | undefined> {
  const servers = serversOf(environment);
  if (servers === undefined) return undefined;
  const { redisUsername, redisPasswordFile, redisSentinelPasswordFile, redisPrefix } = environment;
  const url = urlOf(environment);
  const isTls = url === undefined ? environment.redisTls === "on" : url.protocol === "rediss:";
  const ca = await caOf(environment, isTls);
  const password = await secretIn(redisPasswordFile);
  const sentinelPassword = await secretIn(redisSentinelPasswordFile);
  return {
    servers,
    ...(redisUsername !== undefined && { username: redisUsername }),
    ...(password && { password }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(isTls && { tls: { ...(ca !== undefined && { ca }) } }),
    prefix: redisPrefix,
  };
}

function serversOf(environment: RedisEnvironment): RedisServers | undefined {
  const { redisSentinels, redisSentinelGroup, redisCluster } = environment;
  const url = urlOf(environment);
  const sentinels = addressesOf(redisSentinels ?? "");
  const nodes = addressesOf(redisCluster ?? "");
  const named = [url, sentinels, nodes].filter((one) => one !== undefined).length;
  if (named > 1) {
    const names = "CLOISTER_REDIS_URL, CLOISTER_REDIS_SENTINELS and CLOISTER_REDIS_CLUSTER";
    throw new ServiceError("CONFIG_INVALID", `only one of ${names} may be set`);
  }
  if (sentinels !== undefined) return { kind: "sentinel", sentinels, group: redisSentinelGroup };
  if (nodes !== undefined) return { kind: "cluster", nodes };
  return url && { kind: "single", address: addressOf(url), database: databaseOf(url) };
}

/** A password in a URL would be seen wherever an environment is. */
function urlOf({ redisUrl: configured, redisTls }: RedisEnvironment): URL | undefined {
  const text = configured.reveal();
  if (text === undefined) return undefined;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    const instead = "CLOISTER_REDIS_USERNAME and CLOISTER_REDIS_PASSWORD_FILE";
    throw new ServiceError("CONFIG_INVALID", `CLOISTER_REDIS_URL holds credentials: put them into ${instead}`);
  }
  if (!/^(?:\/\d{0,5})?$/u.test(url.pathname) || url.search !== "" || url.hash !== "") {
    const sentence =
      "CLOISTER_REDIS_URL holds more than a host, a port and a database's number: what else it says is not read";
    throw new ServiceError("CONFIG_INVALID", sentence);
  }
  if (redisTls === "on" && url.protocol !== "rediss:") {
    const sentence = "CLOISTER_REDIS_TLS is on and CLOISTER_REDIS_URL says redis://, which is plain: use rediss://";
    throw new ServiceError("CONFIG_INVALID", sentence);
  }
  return url;
}

const defaultPort = 6379;

function addressOf({ hostname, port }: URL): RedisAddress {
  return { host: withoutBrackets(hostname), port: port === "" ? defaultPort : Number(port) };
}

function databaseOf({ pathname }: URL): number {
  return Number(pathname.slice(1));
}

/** Undefined when one of them is no host:port, or there is none. */
function addressesOf(text: string): RedisAddress[] | undefined {
  const found = text.split(",").map((one) => {
    const url = URL.canParse(`redis://${one.trim()}`) ? new URL(`redis://${one.trim()}`) : undefined;
    const isAddressAlone = url !== undefined && url.href === `redis://${url.host}`;
    return isAddressAlone && url.hostname !== "" && url.port !== "" ? addressOf(url) : undefined;
  });
  const good = found.filter((one) => one !== undefined);
  return good.length === found.length ? good : undefined;
}

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/u, "$1");

async function secretIn(path: string | undefined): Promise<Secret | undefined> {
  return path === undefined ? undefined : new Secret(await readSecretFile(path));
}

async function caOf({ redisCaFile }: RedisEnvironment, isTls: boolean): Promise<string | undefined> {
  if (redisCaFile === undefined) return undefined;
  if (!isTls) {
    const sentence = "CLOISTER_REDIS_CA_FILE is set and TLS is not: use rediss://, or CLOISTER_REDIS_TLS=on";
    throw new ServiceError("CONFIG_INVALID", sentence);
  }
  const pem = await readFile(redisCaFile, "utf8").catch((error: unknown) => {
    throw new ServiceError("CONFIG_INVALID", `CLOISTER_REDIS_CA_FILE can't be read (${codeOf(error)})`);
  });
  // Node takes an empty text for none, and would trust every authority that it knows.
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new ServiceError("CONFIG_INVALID", "CLOISTER_REDIS_CA_FILE holds no certificate in PEM");
  }
  return pem;
}
