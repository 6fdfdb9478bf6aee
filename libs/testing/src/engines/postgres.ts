import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { runTool, startEngine, type EngineCommand, type EngineControl } from "./engine-process.ts";
import { closedFolder } from "./closed-folder.ts";
import { freePort } from "./free-port.ts";
import { pgvectorPostgres, serverOwner, systemPostgres } from "./postgres-binaries.ts";

export interface PostgresOptions {
  /** The server can `create extension vector`. */
  readonly pgvector?: boolean;
  /** Settings of postgresql.conf. `fsync` is off unless it is said here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What `url` names, made when it is absent; a new one with a name of its own without. */
  readonly database?: string;
  /** `stop` keeps it. Without: a temporary one. */
  readonly dataFolder?: string;
  /** Of the superuser `postgres`, set when the folder is made; anybody of this machine may log in without. */
  readonly password?: string;
  /** Of loopback, in place of a free one. */
  readonly port?: number;
  /** It runs on when this process ends: who started it ends it by its pid. */
  readonly outlives?: boolean;
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
  const data = await initializedData(binaries, folder, { owner, password: options.password });
  const port = options.port ?? (await freePort());
  const login = options.password === undefined ? "postgres" : `postgres:${encodeURIComponent(options.password)}`;
  const serverUrl = `postgresql://${login}@127.0.0.1:${port}/postgres`;
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
    outlives: options.outlives ?? false,
  });
  const server = await databasesOf(serverUrl, options.database);
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

async function databasesOf(serverUrl: string, first?: string): Promise<Databases> {
  const names: string[] = [];
  const createDatabase = async (name = `cloister_test_${randomBytes(6).toString("hex")}`): Promise<string> => {
    await createIfAbsent(serverUrl, name);
    names.push(name);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  return { url: await createDatabase(first), names, createDatabase };
}

async function giveTo({ uid, gid }: { readonly uid: number; readonly gid: number }, folder: string): Promise<void> {
  const closed = closedFolder(dirname(folder));
  if (closed !== undefined) {
    throw new Error(`PostgreSQL doesn't run as root, and its user can't enter ${closed}: run chmod o+x ${closed}`);
  }
  await chown(folder, uid, gid);
}

async function createIfAbsent(serverUrl: string, name: string): Promise<void> {
  try {
    await statement(serverUrl, `create database "${name}"`);
  } catch (error) {
    const isThere = error instanceof pg.DatabaseError && error.code === "42P04";
    if (!isThere) throw error;
  }
}

interface NewData {
  readonly owner: EngineCommand["owner"];
  readonly password: string | undefined;
}

async function initializedData(binaries: string, folder: string, { owner, password }: NewData): Promise<string> {
  const data = join(folder, "data");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (owner !== undefined) await giveTo(owner, folder);
  if (existsSync(join(data, "PG_VERSION"))) return data;
  const passwordFile = join(folder, "password");
  if (password !== undefined) await writeFile(passwordFile, password, { mode: 0o600 });
  if (password !== undefined && owner !== undefined) await chown(passwordFile, owner.uid, owner.gid);
  const logins = password === undefined ? ["-A", "trust"] : ["-A", "scram-sha-256", `--pwfile=${passwordFile}`];
  await runTool(join(binaries, "initdb"), ["-D", data, "-U", "postgres", ...logins, "--no-sync"], {
    ...(owner !== undefined && { owner }),
    cwd: folder,
  });
  await rm(passwordFile, { force: true });
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
