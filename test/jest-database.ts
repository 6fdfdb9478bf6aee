/** Set up before each system test file: makes the snapshot that `testDatabase` starts from, when a migration changed. */
import type { PGlite } from "@electric-sql/pglite";

interface Snapshots {
  prepare(migrate: (pglite: PGlite) => Promise<void>): Promise<void>;
}

// jest/pglite-environment.mjs sets this symbol to exactly this form.
const snapshots = Reflect.get(globalThis, Symbol.for("cloister.pglite")) as Snapshots;

await snapshots.prepare(async (pglite) => {
  // Imported when there is something to do: it takes a second or two, which every file would pay.
  const { databaseOver } = await import("@cloister/storage");
  const { migrateAllSchemas } = await import("./migrate-all-schemas.ts");
  await migrateAllSchemas(databaseOver(pglite, () => Promise.resolve()));
});
