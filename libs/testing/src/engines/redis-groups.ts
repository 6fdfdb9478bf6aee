import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisAddress } from "@cloister/storage/redis";
import { Redis } from "ioredis";
import { eventually } from "../eventually.ts";
import { startEngine, type EngineControl } from "./engine-process.ts";
import { freePort } from "./free-port.ts";
import { startNativeRedis, type RunningRedis } from "./redis.ts";

export interface RedisGroup {
  /** Where to ask: sentinels, or nodes of the cluster. */
  readonly addresses: readonly RedisAddress[];
  /** The servers that hold keys, the first master first. */
  readonly servers: readonly RunningRedis[];
  stop(): Promise<void>;
}

export function redisAddress({ url }: RunningRedis): RedisAddress {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

/** One command to one server, on a connection of its own. */
export async function askRedis({ host, port }: RedisAddress, ...words: string[]): Promise<unknown> {
  const redis = new Redis({ host, port, lazyConnect: true });
  try {
    await redis.connect();
    const [name = "", ...args] = words;
    return await redis.call(name, ...args);
  } finally {
    redis.disconnect();
  }
}

/** A master, a replica and three sentinels that make the replica master half a second after they miss the master. */
export async function startRedisSentinels(): Promise<RedisGroup> {
  const master = await startNativeRedis({ persistence: "none" });
  const { host, port } = redisAddress(master);
  const replica = await startNativeRedis({ persistence: "none", settings: { replicaof: `${host} ${port}` } });
  const folder = await mkdtemp(join(tmpdir(), "cloister-sentinels-"));
  const sentinels = await Promise.all([1, 2, 3].map((n) => startSentinel(folder, n, { host, port })));
  await eventually(async () => {
    for (const { address } of sentinels) {
      const known = JSON.stringify(await askRedis(address, "SENTINEL", "MASTER", "mymaster"));
      if (!known.includes('"num-slaves","1"') || !known.includes('"num-other-sentinels","2"')) {
        throw new Error("a sentinel doesn't know the others yet");
      }
    }
  });
  return {
    addresses: sentinels.map(({ address }) => address),
    servers: [master, replica],
    stop: async () => {
      await Promise.all(sentinels.map(({ control }) => control.kill()));
      await Promise.all([master.stop(), replica.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startSentinel(
  folder: string,
  n: number,
  master: RedisAddress,
): Promise<{ address: RedisAddress; control: EngineControl }> {
  const address = { host: "127.0.0.1", port: await freePort() };
  const file = join(folder, `sentinel-${n}.conf`);
  const lines = [
    `port ${address.port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor mymaster ${master.host} ${master.port} 2`,
    "sentinel down-after-milliseconds mymaster 500",
    "sentinel failover-timeout mymaster 3000",
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  const control = await startEngine({
    name: `sentinel ${n}`,
    program: "redis-server",
    args: [file, "--sentinel"],
    logFile: join(folder, `sentinel-${n}.log`),
    isReady: () => askRedis(address, "PING").then(Boolean, () => false),
    timeoutMs: 20_000,
  });
  return { address, control };
}

/** Three masters that share the slots, and a replica of the first. */
export async function startRedisCluster(): Promise<RedisGroup> {
  const servers = await Promise.all([1, 2, 3, 4].map(startNode));
  const addresses = servers.map(redisAddress);
  const [first, second, third, replica] = addresses;
  if (first === undefined || second === undefined || third === undefined || replica === undefined) {
    throw new Error("four nodes were started");
  }
  const slots = [
    [first, "0", "5460"],
    [second, "5461", "10922"],
    [third, "10923", "16383"],
  ] as const;
  for (const [node, from, to] of slots) await askRedis(node, "CLUSTER", "ADDSLOTSRANGE", from, to);
  for (const [n, node] of addresses.entries()) {
    // Epochs of their own, so that no two masters have to agree on them.
    await askRedis(node, "CLUSTER", "SET-CONFIG-EPOCH", String(n + 1));
    const busPort = await askRedis(first, "CONFIG", "GET", "cluster-port");
    if (node !== first) {
      await askRedis(node, "CLUSTER", "MEET", first.host, String(first.port), String(Array(busPort).flat(2)[1]));
    }
  }
  const id = String(await askRedis(first, "CLUSTER", "MYID"));
  await eventually(async () => askRedis(replica, "CLUSTER", "REPLICATE", id));
  await eventually(async () => {
    for (const node of addresses) {
      const info = String(await askRedis(node, "CLUSTER", "INFO"));
      if (!info.includes("cluster_state:ok") || !info.includes("cluster_known_nodes:4")) throw new Error(info);
    }
    // Before its first copy is whole it would not be made master.
    const replication = String(await askRedis(replica, "INFO", "replication"));
    if (!replication.includes("master_link_status:up")) throw new Error("the replica has no copy yet");
  });
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((one) => one.stop()));
  };
  return { addresses, servers, stop };
}

async function startNode(): Promise<RunningRedis> {
  const settings = {
    "cluster-enabled": "yes",
    "cluster-port": String(await freePort()),
    "cluster-node-timeout": "1000",
  };
  return startNativeRedis({ persistence: "none", settings });
}
