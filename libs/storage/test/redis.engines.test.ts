import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { defineConfig } from "@cloister/service";
import type { LiveFrames, WakeUps } from "@cloister/storage";
import { openRedis, redisVariables, type RedisSignals } from "@cloister/storage/redis";
import {
  capturedLog,
  describeOnRedis,
  eventually,
  liveFramesContract,
  silentLog,
  wakeUpsContract,
} from "@cloister/testing";
import {
  askRedis,
  freePort,
  makeCertificate,
  redisAddress,
  startNativeRedis,
  startRedisCluster,
  startRedisSentinels,
  type RedisGroup,
} from "@cloister/testing/engines";

jest.setTimeout(60_000);

type Environment = Readonly<Record<string, string>>;

const config = defineConfig(redisVariables);
const opened: RedisSignals[] = [];

/** As a service opens it; closed after the test. */
async function open(environment: Environment, log = silentLog): Promise<RedisSignals> {
  const signals = await openRedis(config.parse(environment), log);
  if (signals === undefined) throw new Error("the environment names a Redis");
  opened.push(signals);
  return signals;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

const listOf = ({ addresses }: RedisGroup): string => addresses.map(({ host, port }) => `${host}:${port}`).join(",");

/** The ports' own suites, with a Redis of each kind behind them. */
function contracts(name: string, environment: () => Environment): void {
  const frames = async (): Promise<LiveFrames> => (await open(environment())).liveFrames;
  const wakeUps = async (): Promise<WakeUps> => (await open(environment())).wakeUps;
  liveFramesContract(name, frames);
  wakeUpsContract(name, wakeUps);
}

/** One frame after the other until it is heard: what listens is known to Redis a little later. */
async function isCarried(from: RedisSignals, to: RedisSignals, channel = "a"): Promise<void> {
  const heard: Uint8Array[] = [];
  const leave = to.liveFrames.subscribe(channel, (frame) => heard.push(frame));
  await eventually(
    () => {
      from.liveFrames.publish(channel, Uint8Array.of(7));
      expect(heard).toContainEqual(Uint8Array.of(7));
    },
    { everyMs: 50 },
  );
  leave();
}

/** What processes do for each other. */
function betweenProcesses(environment: () => Environment): void {
  it("carries frames and wake-ups from process to process, in order and once", async () => {
    const [one, other] = [await open(environment()), await open(environment())];
    const frames: number[] = [];
    let woken = 0;
    one.liveFrames.subscribe("a", ([n = -1]) => frames.push(n));
    one.wakeUps.subscribe("a", () => (woken += 1));
    await eventually(async () => expect(await other.liveFrames.hasListeners("a")).toBe(true));
    const sent = Array.from({ length: 200 }, (_, n) => n);
    for (const n of sent) other.liveFrames.publish("a", Uint8Array.of(n));
    await eventually(() => {
      other.wakeUps.wake("a");
      expect([frames, woken > 0]).toEqual([sent, true]);
    });
  });

  it("knows that nobody listens any more, and hears channels one by one", async () => {
    const [one, other] = [await open(environment()), await open(environment())];
    const leaves = Array.from({ length: 50 }, (_, n) => one.liveFrames.subscribe(`channel ${n}`, () => undefined));
    await eventually(async () => {
      const known = await Promise.all(leaves.map((_, n) => other.liveFrames.hasListeners(`channel ${n}`)));
      expect(known).toEqual(leaves.map(() => true));
    });
    leaves.slice(1).forEach((leave) => leave());
    await eventually(async () => {
      const known = await Promise.all([0, 1, 49].map((n) => other.liveFrames.hasListeners(`channel ${n}`)));
      expect(known).toEqual([true, false, false]);
    });
  });
}

describeOnRedis("one Redis", { persistence: "none" }, (redis) => {
  const environment = (): Environment => ({ CLOISTER_REDIS_URL: redis().url });
  contracts("Redis", environment);
  betweenProcesses(environment);

  it("keeps deployments with different prefixes apart", async () => {
    const one = await open(environment());
    const other = await open({ ...environment(), CLOISTER_REDIS_PREFIX: "other" });
    one.liveFrames.subscribe("a", () => undefined);
    const third = await open(environment());
    await eventually(async () => expect(await third.liveFrames.hasListeners("a")).toBe(true));
    expect(await other.liveFrames.hasListeners("a")).toBe(false);
  });

  it("carries on after Redis was killed, and says once that it was away", async () => {
    const { log, lines } = capturedLog();
    const [one, other] = [await open(environment(), log), await open(environment())];
    await isCarried(other, one);
    const local: Uint8Array[] = [];
    one.liveFrames.subscribe("own", (frame) => local.push(frame));
    let woken = 0;
    one.wakeUps.subscribe("mail", () => (woken += 1));
    await redis().process?.kill();
    await eventually(() => expect(one.connection.isReady).toBe(false));
    expect(await other.liveFrames.hasListeners("a")).toBe(false);
    one.liveFrames.publish("own", Uint8Array.of(1));
    // Listeners look again by themselves while nobody can wake them.
    await eventually(() => expect([local.length, woken > 0]).toEqual([1, true]));
    await redis().process?.start();
    await isCarried(other, one);
    await eventually(() => {
      const said = lines.flatMap((line) => /Redis is \w+/u.exec(line)?.[0] ?? []);
      expect(said).toEqual(["Redis is away", "Redis is back"]);
    });
  });

  it("gives up a Redis that is frozen, and is heard again when it goes on", async () => {
    const [one, other] = [await open(environment()), await open(environment())];
    await isCarried(other, one);
    redis().process?.suspend();
    const question = other.liveFrames.hasListeners("b");
    for (let n = 0; n < 200; n += 1) other.liveFrames.publish("a", new Uint8Array(64 * 1024));
    expect(await question).toBe(false);
    redis().process?.resume();
    await isCarried(other, one);
  });

  it("starts without Redis, and finds it later", async () => {
    await redis().process?.kill();
    const early = await open(environment());
    expect(early.connection.isReady).toBe(false);
    const heard: number[] = [];
    early.liveFrames.subscribe("a", ([n = -1]) => heard.push(n));
    await redis().process?.start();
    await isCarried(await open(environment()), early);
    expect(heard).toContain(7);
  });

  it("gives nobody a frame that is larger than any of ours, whoever put it there", async () => {
    const [from, to] = [await open(environment()), await open(environment())];
    const sizes: number[] = [];
    to.liveFrames.subscribe("sized", (frame) => sizes.push(frame.length));
    await eventually(async () => expect(await from.liveFrames.hasListeners("sized")).toBe(true));
    await askRedis(redisAddress(redis()), "PUBLISH", "cloister:live:sized", "x".repeat(70_000));
    from.liveFrames.publish("sized", Uint8Array.of(7));
    await eventually(() => expect(sizes.at(-1)).toBe(1));
    expect(sizes).toEqual([1]);
  });

  it("keeps nothing in Redis", async () => {
    const [one, other] = [await open(environment()), await open(environment())];
    await isCarried(other, one);
    expect(await askRedis(redisAddress(redis()), "DBSIZE")).toBe(0);
  });
});

describeOnRedis("a Redis with TLS and a password", { persistence: "none" }, () => {
  let folder: string;
  let environment: Environment;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloister-redis-tls-"));
    const { certificateFile, keyFile } = await makeCertificate(folder);
    const tlsPort = await freePort();
    const tls = { "tls-port": String(tlsPort), "tls-cert-file": certificateFile, "tls-key-file": keyFile };
    const server = await startNativeRedis({
      password: "open-sesame-for-tests",
      settings: { ...tls, "tls-ca-cert-file": certificateFile, "tls-auth-clients": "no" },
    });
    stop = () => server.stop();
    await writeFile(join(folder, "password"), "open-sesame-for-tests\n", { mode: 0o600 });
    await writeFile(join(folder, "wrong"), "open-barley-for-tests\n", { mode: 0o600 });
    environment = {
      CLOISTER_REDIS_URL: `rediss://127.0.0.1:${tlsPort}`,
      CLOISTER_REDIS_CA_FILE: certificateFile,
      CLOISTER_REDIS_PASSWORD_FILE: join(folder, "password"),
    };
  });
  afterAll(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("carries frames", async () => {
    await isCarried(await open(environment), await open(environment));
  });

  it("is refused without the password, and the log holds no password", async () => {
    const { log, lines } = capturedLog();
    const signals = await open({ ...environment, CLOISTER_REDIS_PASSWORD_FILE: join(folder, "wrong") }, log);
    expect(signals.connection.isReady).toBe(false);
    expect(lines.join("\n")).toContain("WRONGPASS");
    expect(lines.join("\n")).not.toContain("barley");
  });

  it("is refused when nobody vouches for its certificate", async () => {
    const { log, lines } = capturedLog();
    const { CLOISTER_REDIS_CA_FILE: _, ...withoutCa } = environment;
    const signals = await open(withoutCa, log);
    expect(signals.connection.isReady).toBe(false);
    expect(lines.join("\n")).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
  });
});

describeOnRedis("a master named by sentinels", { persistence: "none" }, () => {
  let group: RedisGroup;
  const environment = (): Environment => ({ CLOISTER_REDIS_SENTINELS: listOf(group) });
  beforeAll(async () => {
    group = await startRedisSentinels();
  });
  afterAll(async () => group.stop());

  contracts("Redis by sentinels", environment);
  betweenProcesses(environment);

  it("is followed to another server when it dies", async () => {
    const [one, other] = [await open(environment()), await open(environment())];
    await isCarried(other, one);
    await group.servers[0]?.process?.kill();
    await eventually(() => expect(one.connection.isReady).toBe(false));
    await isCarried(other, one);
  });
});

describeOnRedis("a Redis Cluster", { persistence: "none" }, () => {
  let group: RedisGroup;
  const environment = (): Environment => ({ CLOISTER_REDIS_CLUSTER: listOf(group) });
  beforeAll(async () => {
    group = await startRedisCluster();
  });
  afterAll(async () => group.stop());

  contracts("Redis Cluster", environment);
  betweenProcesses(environment);

  it("is heard again on every channel when a master dies", async () => {
    const [one, other] = [await open(environment()), await open(environment())];
    const channels = ["a", "b", "c", "d", "e", "f"];
    for (const channel of channels) await isCarried(other, one, channel);
    await group.servers[0]?.process?.kill();
    for (const channel of channels) await isCarried(other, one, channel);
  });
});

describe("a Redis that is not there", () => {
  const where = { url: "CLOISTER_REDIS_URL", sentinels: "CLOISTER_REDIS_SENTINELS", cluster: "CLOISTER_REDIS_CLUSTER" };

  it.each([
    [where.url, "redis://", "ECONNREFUSED"],
    [where.sentinels, "", "SENTINELS_UNREACHABLE"],
    [where.cluster, "", "CLUSTER_UNREACHABLE"],
  ])("keeps nobody from starting, and the log says why: %s", async (variable, scheme, code) => {
    const { log, lines } = capturedLog();
    const signals = await open({ [variable]: `${scheme}127.0.0.1:${await freePort()}` }, log);
    const heard: Uint8Array[] = [];
    signals.liveFrames.subscribe("a", (frame) => heard.push(frame));
    signals.liveFrames.publish("a", Uint8Array.of(1));
    await eventually(() => expect([heard.length, lines.join("\n")]).toEqual([1, expect.stringContaining(code)]));
    expect(await signals.liveFrames.hasListeners("b")).toBe(false);
  });
});

describe("the variables of Redis", () => {
  const refused = (environment: Environment) => openRedis(config.parse(environment), silentLog);

  it("name no Redis when none is set", async () => {
    expect(await openRedis(config.parse({}), silentLog)).toBeUndefined();
  });

  it("are refused when they contradict each other or hold a password", async () => {
    const url = "redis://127.0.0.1:6379";
    const both = { CLOISTER_REDIS_URL: url, CLOISTER_REDIS_CLUSTER: "127.0.0.1:7000" };
    await expect(refused(both)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const plain = { CLOISTER_REDIS_URL: url, CLOISTER_REDIS_CA_FILE: "ca.pem" };
    await expect(refused(plain)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const secret = { CLOISTER_REDIS_URL: "redis://user:password@127.0.0.1:6379" };
    await expect(refused(secret)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(() => config.parse({ CLOISTER_REDIS_SENTINELS: "nobody" })).toThrow("CLOISTER_REDIS_SENTINELS");
  });

  it("are refused where they would be less than they say", async () => {
    const plainInSpiteOfTls = { CLOISTER_REDIS_URL: "redis://127.0.0.1:6379", CLOISTER_REDIS_TLS: "on" };
    await expect(refused(plainInSpiteOfTls)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    for (const rest of ["/staging", "/1/2", "?tls=true", "#1"]) {
      const unread = { CLOISTER_REDIS_URL: `redis://127.0.0.1:6379${rest}` };
      await expect(refused(unread)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    }
    for (const address of ["user:password@127.0.0.1:7000", "127.0.0.1:7000?tls=true"]) {
      expect(() => config.parse({ CLOISTER_REDIS_CLUSTER: address })).toThrow("CLOISTER_REDIS_CLUSTER");
    }
  });

  it("are refused with a file that vouches for nobody, in whose stead Node would trust everybody it knows", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cloister-redis-ca-"));
    const file = join(folder, "ca.pem");
    for (const text of ["", "no certificate"]) {
      await writeFile(file, text);
      const tls = { CLOISTER_REDIS_URL: "rediss://127.0.0.1:6379", CLOISTER_REDIS_CA_FILE: file };
      await expect(refused(tls)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    }
    await rm(folder, { recursive: true });
  });
});
