import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { databaseOver, openDatabase, type Database } from "@cloister/storage";
import { readTables, restoreTables, type TablesOf } from "./restore-tables.ts";

/** What `jest/pglite-environment.mjs` puts into the global object of each system test file. */
interface PgliteMakers {
  /** What `dumpDataDir` gave of a database with every schema and no rows. */
  snapshot(): Promise<Blob>;
  /** A new instance from the snapshot. */
  fresh(): Promise<PGlite>;
  /** The one of this Jest worker, with whatever was noted of it when it was made. */
  shared(make: () => Promise<SharedInstance>): Promise<SharedInstance>;
  /** The shared one can't be restored: the next who asks makes another. */
  discard(): Promise<void>;
}

interface SharedInstance {
  readonly pglite: PGlite;
  /** As the snapshot has them. */
  readonly tables: TablesOf;
}

/** By this test file. */
let isSharedTaken = false;

/**
 * A database in memory with the migrated, empty schemas of every service. It is the Jest worker's one instance, restored
 * to its snapshot, when this file holds no other; else a further one. Close it: that makes the shared one free again.
 */
export async function testDatabase(): Promise<Database> {
  const makers = pgliteMakers();
  if (isSharedTaken) return databaseOver(await makers.fresh());
  isSharedTaken = true;
  const instance = await makers.shared(() => newInstance(makers));
  if (!(await restoreTables(instance.pglite, instance.tables))) {
    isSharedTaken = false;
    await makers.discard();
    return testDatabase();
  }
  return databaseOver(instance.pglite, () => {
    isSharedTaken = false;
    return Promise.resolve();
  });
}

/** The same in files: a new database in a folder, which is locked until it is closed. */
export async function testDatabaseIn(dataDir: string): Promise<Database> {
  return openDatabase({ engine: "pglite", dataDir, snapshot: await pgliteMakers().snapshot() });
}

/** The databases of an embedded system's data folder, as if it had been started there once: the next start is quick. */
export async function prepareDataFolder(folder: string): Promise<void> {
  for (const name of ["main", "keys"]) await (await testDatabaseIn(join(folder, name))).close();
}

async function newInstance(makers: PgliteMakers): Promise<SharedInstance> {
  const pglite = await makers.fresh();
  return { pglite, tables: await readTables(pglite) };
}

function pgliteMakers(): PgliteMakers {
  // The environment sets this symbol to exactly this form, or another environment sets nothing.
  const makers = Reflect.get(globalThis, Symbol.for("cloister.pglite")) as PgliteMakers | undefined;
  if (makers === undefined) throw new Error("testDatabase() is for *.system.test.ts files");
  return makers;
}
