import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { Kysely, PGliteDialect } from "kysely";
import { lockDataDir } from "./data-dir-lock.ts";
import type { Database, PgliteOptions } from "./database.ts";

export async function openPglite(options: PgliteOptions): Promise<Database> {
  // Loaded here: a service on PostgreSQL has no use for an engine of its own in its memory.
  const { PGlite } = await import("@electric-sql/pglite");
  const { dataDir, snapshot } = options;
  const loadDataDir = snapshot === undefined ? {} : { loadDataDir: snapshot };
  if (dataDir === undefined) return databaseOver(await PGlite.create(loadDataDir));
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const unlock = await lockDataDir(dataDir);
  try {
    const pglite = await PGlite.create(join(dataDir, "pg"), loadDataDir);
    return databaseOver(pglite, async () => {
      await pglite.close();
      await unlock();
    });
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** A handle over an instance that somebody else may own: `close` then only does what is given. */
export function databaseOver(pglite: PGlite, close: () => Promise<void> = () => pglite.close()): Database {
  const kysely = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite }) });
  let closing: Promise<void> | undefined;
  return { engine: "pglite", kysely, pglite, url: null, migrations: "apply", close: () => (closing ??= close()) };
}
