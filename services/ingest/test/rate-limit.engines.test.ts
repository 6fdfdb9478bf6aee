import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@cloister/service";
import { openRedis, redisVariables, type RedisSignals } from "@cloister/storage/redis";
import { describeOnRedis, eventually, silentLog } from "@cloister/testing";
import { askRedis, redisAddress, startRedisCluster, type RedisGroup } from "@cloister/testing/engines";

import { redisRates } from "../src/adapters/redis-rate-limit.ts";
import type { RateBounds, RateLimit } from "../src/limits/rate-limit.ts";
import { rateLimitContract } from "./rate-limit.contract.ts";

jest.setTimeout(60_000);

const config = defineConfig(redisVariables);

async function connected(environment: Readonly<Record<string, string>>): Promise<RedisSignals> {
  const redis = await openRedis(config.parse(environment), silentLog);
  if (redis === undefined) throw new Error("the environment names a Redis");
  return redis;
}

let limits = 0;

/** Each limit as of a deployment of its own. */
function fresh({ connection }: RedisSignals): (bounds: RateBounds) => RateLimit {
  return (bounds) => redisRates(connection, `credential ${(limits += 1)}`)("tenant", bounds);
}

describeOnRedis("limits in Redis", { persistence: "none" }, (server) => {
  let one: RedisSignals;
  let other: RedisSignals;
  beforeAll(async () => {
    one = await connected({ CLOISTER_REDIS_URL: server().url });
    other = await connected({ CLOISTER_REDIS_URL: server().url });
  });
  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
  });

  rateLimitContract("in Redis", (bounds) => fresh(one)(bounds));

  it("are those of all instances together", async () => {
    const bounds = { points: 10, windowMs: 60_000 };
    const [here, there] = [one, other].map(({ connection }) => redisRates(connection, "shared")("tenant", bounds));
    const asked = Array.from({ length: 20 }, async () => [await here?.take("a"), await there?.take("a")]);
    const waits = (await Promise.all(asked)).flat();
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(10);
  });

  it("are apart by name", async () => {
    const rates = redisRates(one.connection, "apart");
    const bounds = { points: 1, windowMs: 60_000 };
    expect([await rates("tenant", bounds).take("a"), await rates("address", bounds).take("a")]).toEqual([0, 0]);
  });

  it("leave no tenant and no address in Redis, and nothing for ever", async () => {
    const rates = redisRates(one.connection, "hidden");
    await rates("address", { points: 5, windowMs: 60_000 }).take("203.0.113.77");
    await rates("tenant", { points: 5, windowMs: 10_000 }).take("00112233445566778899aabbccddeeff");
    const at = redisAddress(server());
    const keys = (await askRedis(at, "KEYS", "*")) as string[];
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter((key) => /203\.0|00112233/u.test(key) || !key.startsWith("cloister:rate:"))).toEqual([]);
    const lives = await Promise.all(keys.map((key) => askRedis(at, "PTTL", key)));
    expect(lives.every((life) => Number(life) > 0 && Number(life) <= 60_000)).toBe(true);
  });

  it("and live answers need no more of Redis than its user is given by docs/operations-redis.md", async () => {
    const page = await readFile(join(import.meta.dirname, "../../../docs/operations-redis.md"), "utf8");
    const [, rights = ""] = /ACL SETUSER cloister on (.*)$/mu.exec(page) ?? [];
    const folder = await mkdtemp(join(tmpdir(), "cloister-redis-user-"));
    await writeFile(join(folder, "password"), "for-tests-only", { mode: 0o600 });
    const words = rights.replace(">PASSWORD", ">for-tests-only").split(" ");
    await askRedis(redisAddress(server()), "ACL", "SETUSER", "cloister", "on", ...words);
    const user = { CLOISTER_REDIS_USERNAME: "cloister", CLOISTER_REDIS_PASSWORD_FILE: join(folder, "password") };
    const redis = await connected({ CLOISTER_REDIS_URL: server().url, ...user });
    const rate = redisRates(redis.connection, "limited")("tenant", { points: 1, windowMs: 10_000 });
    expect([await rate.waitMs("a"), await rate.take("a"), (await rate.waitMs("a")) > 0]).toEqual([0, 0, true]);
    const leave = redis.liveFrames.subscribe("a", () => undefined);
    await eventually(async () => expect(await one.liveFrames.hasListeners("a")).toBe(true));
    leave();
    await eventually(async () => expect(await redis.liveFrames.hasListeners("a")).toBe(false));
    await expect(redis.connection.commands.call("FLUSHALL")).rejects.toThrow("NOPERM");
    await expect(redis.connection.commands.get("another's key")).rejects.toThrow("NOPERM");
    await redis.close();
    await rm(folder, { recursive: true });
  });

  it("let nobody wait longer than a window, whoever lengthened it in Redis", async () => {
    const rate = redisRates(one.connection, "lengthened")("tenant-burst", { points: 1, windowMs: 2_000 });
    await rate.take("a");
    const at = redisAddress(server());
    const [key] = (await askRedis(at, "KEYS", "*:tenant-burst:*")) as string[];
    await askRedis(at, "PEXPIRE", key ?? "", "86400000");
    expect([await rate.take("a"), await rate.waitMs("a")]).toEqual([2_000, 2_000]);
  });

  it("begin anew when all of Redis is flushed", async () => {
    const rate = fresh(one)({ points: 1, windowMs: 60_000 });
    expect([await rate.take("a"), (await rate.take("a")) > 0]).toEqual([0, true]);
    await server().flush();
    expect(await rate.take("a")).toBe(0);
  });

  it("refuse to answer while Redis is away, and answer when it is back", async () => {
    const rate = fresh(one)({ points: 1, windowMs: 60_000 });
    await server().process?.kill();
    await expect(rate.take("a")).rejects.toThrow();
    await expect(rate.waitMs("a")).rejects.toThrow();
    await server().process?.start();
    await eventually(async () => expect(await rate.take("a")).toBe(0));
  });
});

describeOnRedis("limits in a Redis Cluster", { persistence: "none" }, () => {
  let group: RedisGroup;
  let redis: RedisSignals;
  beforeAll(async () => {
    group = await startRedisCluster();
    const nodes = group.addresses.map(({ host, port }) => `${host}:${port}`).join(",");
    redis = await connected({ CLOISTER_REDIS_CLUSTER: nodes });
  });
  afterAll(async () => {
    await redis.close();
    await group.stop();
  });

  rateLimitContract("in a Redis Cluster", (bounds) => fresh(redis)(bounds));

  it("go on when the master of their key dies", async () => {
    const rate = fresh(redis)({ points: 1_000, windowMs: 60_000 });
    const keys = Array.from({ length: 20 }, (_, n) => `key ${n}`);
    await group.servers[0]?.process?.kill();
    await eventually(
      async () => expect(await Promise.all(keys.map((key) => rate.take(key)))).toEqual(keys.map(() => 0)),
      { everyMs: 200 },
    );
  });
});
