import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { runTool, startEngine, type EngineCommand, type EngineControl } from "./engine-process.ts";
import { freePort } from "./free-port.ts";
import { pgvectorPostgres, serverOwner, systemPostgres } from "./postgres-binaries.ts";

export interface PostgresOptions {
  /** The server can `create extension vector`. */
  readonly pgvector?: boolean;
  /** Settings of postgresql.conf. `fsync` is off unless it is said here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `stop` keeps it. Without: a temporary one. */
  readonly dataFolder?: string;
}

export interface RunningPostgres {
  /** A database of its own, empty; the user is a superuser. */
  readonly url: string;
  /** Another empty database of that server: its URL. Names are made up when none is given. */
  readonly createDatabase: (name?: string) => Promise<string>;
  /** Its process; undefined when the server was given by URL. */
  readonly process: EngineControl | undefined;
  /** Where its tables lie; undefined when the server was given by URL. */
  readonly dataFolder: string | undefined;
  stop(): Promise<void>;
}

/** Starts a PostgreSQL on a free port of loopback. Resolves when it answers. */
export async function startNativePostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const binaries = options.pgvector === true ? await pgvectorPostgres() : systemPostgres();
  if (binaries === undefined) throw new Error("no PostgreSQL 15+ is installed");
  const owner = await serverOwner();
  const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "cloister-pg-")));
  const data = await initializedData(binaries, folder, owner);
  const port = await freePort();
  const serverUrl = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const control = await startEngine({
    name: "PostgreSQL",
    program: join(binaries, "postgres"),
    args: ["-D", data, ...flags({ ...serverSettings(port, folder), ...options.settings })],
    logFile: join(folder, "postgres.log"),
    ...(owner !== undefined && { owner }),
    isReady: () => answers(serverUrl),
    // Said while processes of a killed server still end.
    passing: "pre-existing shared memory block",
    timeoutMs: 60_000,
  });
  const server = await databasesOf(serverUrl);
  return {
    url: server.url,
    createDatabase: server.createDatabase,
    process: control,
    dataFolder: data,
    stop: async () => {
      await control.kill();
      if (options.dataFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A database of our own on a server that runs already; `stop` drops what was made there. */
export async function databaseOnServer(serverUrl: string): Promise<RunningPostgres> {
  const server = await databasesOf(serverUrl);
  return {
    url: server.url,
    createDatabase: server.createDatabase,
    process: undefined,
    dataFolder: undefined,
    stop: async () => {
      for (const name of server.names) await statement(serverUrl, `drop database "${name}" with (force)`);
    },
  };
}

interface Databases {
  readonly url: string;
  readonly names: readonly string[];
  readonly createDatabase: (name?: string) => Promise<string>;
}

async function databasesOf(serverUrl: string): Promise<Databases> {
  const names: string[] = [];
  const createDatabase = async (name = `cloister_test_${randomBytes(6).toString("hex")}`): Promise<string> => {
    await statement(serverUrl, `create database "${name}"`);
    names.push(name);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  return { url: await createDatabase(), names, createDatabase };
}

async function initializedData(binaries: string, folder: string, owner: EngineCommand["owner"]): Promise<string> {
  const data = join(folder, "data");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  if (existsSync(data)) return data;
  await runTool(join(binaries, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
    ...(owner !== undefined && { owner }),
    cwd: folder,
  });
  return data;
}

function serverSettings(port: number, folder: string): Record<string, string> {
  return {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    fsync: "off",
    max_connections: "200",
  };
}

const flags = (settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

async function statement(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // The server may end under it, which is the statement's failure and not the process's.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

const answers = (url: string): Promise<boolean> =>
  statement(url, "select 1").then(
    () => true,
    () => false,
  );
