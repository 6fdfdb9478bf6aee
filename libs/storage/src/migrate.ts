import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import type { Database } from "./database.ts";
import { isTransient, sqlState } from "./outage.ts";
import { StorageError } from "./storage-error.ts";

/**
 * One step of a schema. `db` has the service's schema as default for unqualified names; raw SQL names it itself.
 * Expand, then contract: a step must leave the previous release working.
 */
export interface SchemaMigration {
  up(db: Kysely<unknown>, schema: string): Promise<void>;
}

/** Steps by name, run in the names' order: `{ "001_turns": { up } }`. A name is never changed or reused. */
export type Migrations = Readonly<Record<string, SchemaMigration>>;

/**
 * Creates the schema and runs what it lacks, all steps in one transaction. Safe when several processes start at once.
 * @throws StorageError MIGRATION_FAILED, with the database's error as its cause.
 */
export async function migrate(db: Database, schema: string, migrations: Migrations): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { error } = await migrator(db, schema, migrations).migrateToLatest();
    if (error === undefined) return;
    if (attempt < 10 && isRaceOfCreators(error)) continue;
    throw new StorageError("MIGRATION_FAILED", `the schema ${schema} could not be migrated`, { cause: error });
  }
}

/**
 * For a service whose migrations a job has run: checks and changes nothing.
 * @throws StorageError SCHEMA_OUTDATED naming the steps that are missing.
 */
export async function checkMigrated(db: Database, schema: string, migrations: Migrations): Promise<void> {
  const all = await migrator(db, schema, migrations).getMigrations();
  const missing = all.filter((one) => one.executedAt === undefined).map((one) => one.name);
  if (missing.length === 0) return;
  throw new StorageError("SCHEMA_OUTDATED", `the schema ${schema} lacks ${missing.join(", ")}; run the migrations`);
}

function migrator(db: Database, schema: string, migrations: Migrations): Migrator {
  const steps = Object.entries(migrations).map(
    ([name, step]) => [name, { up: (tx: Kysely<unknown>) => step.up(tx.withSchema(schema), schema) }] as const,
  );
  return new Migrator({
    db: db.kysely,
    migrationTableSchema: schema,
    allowUnorderedMigrations: true,
    provider: { getMigrations: () => Promise.resolve(Object.fromEntries(steps)) },
  });
}

/** `CREATE … IF NOT EXISTS` of two sessions at once: duplicate schema, table, object or catalogue row. */
function isRaceOfCreators(error: unknown): boolean {
  return isTransient(error) || ["23505", "42P06", "42P07", "42710"].includes(sqlState(error));
}
