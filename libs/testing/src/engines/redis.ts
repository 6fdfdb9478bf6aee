import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startEngine, type EngineControl } from "./engine-process.ts";
import { freePort } from "./free-port.ts";

export interface RedisOptions {
  /** `none` without: what it holds is gone when it ends. */
  readonly persistence?: "none" | "snapshot" | "append-only";
  /** Clients must give it. */
  readonly password?: string;
  /** Further settings of redis.conf, such as `{ maxmemory: "16mb" }`; `cluster-enabled` and `sentinel` among them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `stop` keeps it. Without: a temporary one. */
  readonly dataFolder?: string;
  /** Of loopback, in place of a free one. */
  readonly port?: number;
  /** It runs on when this process ends: who started it ends it by its pid. */
  readonly outlives?: boolean;
}

export interface RunningRedis {
  /** `redis://…`, with the password. */
  readonly url: string;
  /** Its process; undefined when Redis was given by URL. */
  readonly process: EngineControl | undefined;
  /** Where its dump lies; undefined when Redis was given by URL. */
  readonly dataFolder: string | undefined;
  /** FLUSHALL. */
  flush(): Promise<void>;
  /** Writes the dump (SAVE), to look into it. */
  save(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the system's redis-server on a free port of loopback. Resolves when it answers. */
export async function startNativeRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "cloister-redis-")));
  await mkdir(folder, { recursive: true });
  const port = options.port ?? (await freePort());
  const credentials = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
  const url = `redis://${credentials}127.0.0.1:${port}`;
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    save: options.persistence === "snapshot" ? "1 1" : "",
    appendonly: options.persistence === "append-only" ? "yes" : "no",
    ...(options.password !== undefined && { requirepass: JSON.stringify(options.password) }),
    ...options.settings,
  };
  const control = await startEngine({
    name: "Redis",
    program: "redis-server",
    args: [await settingsFile(folder, settings)],
    logFile: join(folder, "redis.log"),
    isReady: () => answersPing(url),
    timeoutMs: 20_000,
    outlives: options.outlives ?? false,
  });
  return {
    url,
    process: control,
    dataFolder: folder,
    flush: () => redisCommand(url, "FLUSHALL"),
    save: () => saveDump(url),
    stop: async () => {
      await control.kill();
      if (options.dataFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** In a file, since others see a program's arguments. */
async function settingsFile(folder: string, settings: Readonly<Record<string, string>>): Promise<string> {
  const file = join(folder, "redis.conf");
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value === "" ? '""' : value}\n`);
  await writeFile(file, lines.join(""), { mode: 0o600 });
  return file;
}

/** Why Redis can't be started natively, with what to install; undefined when it can. */
export function missingForRedis(): string | undefined {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "no redis-server (apt-get install redis-server)";
  }
}

const answersPing = (url: string): Promise<boolean> =>
  redisCommand(url, "PING").then(
    () => true,
    () => false,
  );

const SAVE_ATTEMPTS = 100;

/** SAVE, when a background save that is under way has ended; it takes seconds at most. */
export async function saveDump(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await redisCommand(url, "SAVE");
      return;
    } catch (error) {
      const isBusy = error instanceof Error && error.message.includes("Background save already in progress");
      if (!isBusy || attempt === SAVE_ATTEMPTS) throw error;
      await delay(100);
    }
  }
}

/** One command without arguments, by Redis' inline protocol. Rejects for an error reply. */
export function redisCommand(url: string, command: string): Promise<void> {
  const { hostname, port, password } = new URL(url);
  const login = password === "" ? "" : `AUTH ${decodeURIComponent(password)}\r\n`;
  const repliesDue = login === "" ? 1 : 2;
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: hostname, port: Number(port || 6379) });
    let received = "";
    const end = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.setTimeout(10_000, () => {
      end(new Error(`Redis didn't answer ${command}`));
    });
    socket.once("error", end);
    socket.once("close", () => {
      end(new Error(`Redis closed the connection at ${command}`));
    });
    socket.on("data", (chunk) => {
      received += chunk.toString();
      const replies = received.split("\r\n").slice(0, -1);
      const refused = replies.find((reply) => reply.startsWith("-"));
      if (refused !== undefined) end(new Error(`Redis refused ${command}: ${refused}`));
      else if (replies.length >= repliesDue) end();
    });
    socket.write(`${login}${command}\r\n`);
  });
}
