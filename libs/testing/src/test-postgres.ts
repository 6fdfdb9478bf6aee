import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);
const BINARIES = "/usr/lib/postgresql";

export interface TestPostgres {
  /** A database of its own, empty. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL: an empty database on the server of CLOISTER_TEST_DATABASE_URL, else a server started from the
 * system's binaries on a free port of loopback. Null when there is neither.
 */
export async function startTestPostgres(): Promise<TestPostgres | null> {
  const given = givenUrl();
  if (given !== undefined) return databaseOn(given);
  const binaries = newestBinaries();
  return binaries === undefined ? null : startServer(binaries);
}

async function databaseOn(serverUrl: string, afterwards: () => Promise<void> = async () => {}): Promise<TestPostgres> {
  const name = `cloister_test_${randomBytes(6).toString("hex")}`;
  await statement(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    stop: async () => {
      await statement(serverUrl, `drop database ${name} with (force)`);
      await afterwards();
    },
  };
}

async function statement(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** True when `startTestPostgres` will not answer null. */
export function hasTestPostgres(): boolean {
  return givenUrl() !== undefined || newestBinaries() !== undefined;
}

function givenUrl(): string | undefined {
  return process.env["CLOISTER_TEST_DATABASE_URL"] || undefined;
}

function newestBinaries(): string | undefined {
  const newest = versions()
    .filter((version) => version >= 15)
    .sort((a, b) => b - a)[0];
  return newest === undefined ? undefined : join(BINARIES, String(newest), "bin");
}

function versions(): number[] {
  try {
    return readdirSync(BINARIES).map(Number);
  } catch {
    return [];
  }
}

async function startServer(binaries: string): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), "cloister-pg-"));
  const data = join(folder, "data");
  const owner = await serverUser();
  if ("uid" in owner) await chown(folder, owner.uid, owner.gid);
  await run(join(binaries, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], owner);
  const port = await freePort();
  const settings = { port, listen_addresses: "127.0.0.1", unix_socket_directories: folder, fsync: "off" };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(join(binaries, "postgres"), ["-D", data, ...flags], { ...owner, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await answering(url);
  return databaseOn(url, async () => {
    server.kill("SIGINT");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
}

/** initdb refuses root; the package's own user is there then. */
async function serverUser(): Promise<{ uid: number; gid: number } | Record<string, never>> {
  if (userInfo().uid !== 0) return {};
  const idOf = async (flag: string): Promise<number> => Number((await run("id", [flag, "postgres"])).stdout);
  return { uid: await idOf("-u"), gid: await idOf("-g") };
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function answering(url: string): Promise<void> {
  const endMs = performance.now() + 15_000;
  for (;;) {
    try {
      await statement(url, "select 1");
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
