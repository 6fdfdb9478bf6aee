import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { TestEnvironment } from "jest-environment-node";

const version = createRequire(import.meta.url)("../package.json").dependencies["@electric-sql/pglite"];

/** Segments of 1 MB instead of 16: PostgreSQL writes a new one full of zeros whenever it switches to one. */
const initDbStartParams = ["--wal-segsize=1"];

/** Long enough for the next test file of this worker to ask. */
const IDLE_MS = 300;

/** This module is loaded once a Jest worker, so that its files share one instance: starting one takes seconds. */
let shared;
let closing;
let name;

/** PGlite's version, how it is set up and every source that speaks of migrations name the snapshot: a stale one isn't used. */
async function snapshotName(rootDir) {
  const hash = createHash("sha256").update([version, ...initDbStartParams].join(" "));
  const files = await Array.fromAsync(glob("{libs,services}/*/src/**/*.ts", { cwd: rootDir }));
  for (const file of files.sort()) {
    const text = await readFile(join(rootDir, file), "utf8");
    if (/migration/iu.test(text)) hash.update(file).update(text);
  }
  return `migrated-${hash.digest("hex").slice(0, 16)}.tar`;
}

async function snapshotFile(rootDir) {
  return join(rootDir, ".cache", "pglite", await (name ??= snapshotName(rootDir)));
}

/** A folder image of a database with every schema and no rows, kept between runs: loading it takes a tenth of making it. */
async function prepare(rootDir, migrate) {
  const file = await snapshotFile(rootDir);
  if (existsSync(file)) return;
  const made = await PGlite.create({ initDbStartParams });
  await migrate(made);
  const dump = await made.dumpDataDir("none");
  await made.close();
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  // Two workers may make it at once: each writes a file of its own, the last rename wins.
  const own = `${file}.${process.pid}`;
  await writeFile(own, new Uint8Array(await dump.arrayBuffer()));
  await rename(own, file);
  const stale = (await readdir(folder)).filter((other) => other.endsWith(".tar") && other !== basename(file));
  for (const other of stale) await rm(join(folder, other), { force: true });
}

async function snapshotOf(rootDir) {
  return new Blob([await readFile(await snapshotFile(rootDir))]);
}

/** Node's environment with what `testDatabase` makes databases of: the worker's shared one, fresh ones, the snapshot. */
export default class PgliteEnvironment extends TestEnvironment {
  #rootDir;

  constructor(config, context) {
    super(config, context);
    this.#rootDir = config.projectConfig.rootDir;
  }

  async setup() {
    await super.setup();
    clearTimeout(closing);
    this.global[Symbol.for("cloister.pglite")] = {
      prepare: (migrate) => prepare(this.#rootDir, migrate),
      snapshot: () => snapshotOf(this.#rootDir),
      fresh: async () => PGlite.create({ loadDataDir: await snapshotOf(this.#rootDir) }),
      shared: (make) => (shared ??= make()),
      discard,
    };
  }

  async teardown() {
    closing = setTimeout(discard, IDLE_MS);
    // In memory, so there is nothing to close for at the end of the process.
    closing.unref();
    await super.teardown();
  }
}

async function discard() {
  const idle = await shared;
  shared = undefined;
  await idle?.pglite.close();
}
