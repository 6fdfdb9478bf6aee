import { PGlite } from "@electric-sql/pglite";
import { databaseOver, type Database } from "@cloister/storage";

/** What `jest/pglite-environment.mjs` puts into the global object of each test file. */
interface PgliteMakers {
  fresh(): Promise<PGlite>;
  shared(): Promise<PGlite>;
}

const MAKERS = Symbol.for("cloister.pglite");

let isSharedTaken = false;

/**
 * An empty database in memory. The Jest worker's one instance, emptied, when this file holds no other; else a further
 * one, from a snapshot. Close it: that makes the shared one free again.
 */
export async function testDatabase(): Promise<Database> {
  const makers = pgliteMakers();
  if (makers === undefined) return databaseOver(await PGlite.create());
  if (isSharedTaken) return databaseOver(await makers.fresh());
  isSharedTaken = true;
  const pglite = await makers.shared();
  await dropSchemas(pglite);
  return databaseOver(pglite, () => {
    isSharedTaken = false;
    return Promise.resolve();
  });
}

function pgliteMakers(): PgliteMakers | undefined {
  // The environment sets this symbol to exactly this form, or another environment sets nothing.
  return Reflect.get(globalThis, MAKERS) as PgliteMakers | undefined;
}

async function dropSchemas(pglite: PGlite): Promise<void> {
  const { rows } = await pglite.query<{ name: string }>(
    `select quote_ident(nspname) as name from pg_namespace
      where nspname not like 'pg\\_%' and nspname <> 'information_schema'`,
  );
  for (const { name } of rows) await pglite.exec(`drop schema ${name} cascade`);
  await pglite.exec("create schema public");
}
