import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { TestEnvironment } from "jest-environment-node";

const version = createRequire(import.meta.url)("../package.json").dependencies["@electric-sql/pglite"];

/** Long enough for the next test file of this worker to ask, short enough not to hold the process at its end. */
const IDLE_MS = 300;

/** This module is loaded once a Jest worker, so that its files share one instance: starting one takes seconds. */
let shared;
let closing;

/** A folder image of an empty database, kept between runs: loading it takes a tenth of making it. */
async function emptySnapshot(rootDir) {
  const folder = join(rootDir, ".cache", "pglite");
  const file = join(folder, `empty-${version}.tar`);
  try {
    return new Blob([await readFile(file)]);
  } catch {
    const made = await PGlite.create();
    const dump = await made.dumpDataDir("none");
    await made.close();
    await mkdir(folder, { recursive: true });
    // Two workers may make it at once: each writes a file of its own, the last rename wins.
    const own = `${file}.${process.pid}`;
    await writeFile(own, new Uint8Array(await dump.arrayBuffer()));
    await rename(own, file);
    return dump;
  }
}

/** Node's environment with two makers of PGlite for `testDatabase`: the worker's shared one, and a fresh one. */
export default class PgliteEnvironment extends TestEnvironment {
  #rootDir;

  constructor(config, context) {
    super(config, context);
    this.#rootDir = config.projectConfig.rootDir;
  }

  async setup() {
    await super.setup();
    clearTimeout(closing);
    const fresh = async () => PGlite.create({ loadDataDir: await emptySnapshot(this.#rootDir) });
    this.global[Symbol.for("cloister.pglite")] = {
      fresh,
      shared: () => (shared ??= fresh()),
    };
  }

  async teardown() {
    closing = setTimeout(async () => {
      const idle = await shared;
      shared = undefined;
      await idle?.close();
    }, IDLE_MS);
    await super.teardown();
  }
}
