import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import type { Database } from "../database.ts";
import { isTransient, sqlState } from "../outage.ts";
import { StorageError } from "../storage-error.ts";
import { bucketFunctions } from "./bucket-functions.ts";
import { databaseRefusal } from "./refusal.ts";

/**
 * One step of a schema. `db` has the service's schema as default for unqualified names; raw SQL names it itself.
 * Expand, then contract: a step must leave the previous release working.
 */
export interface SchemaMigration {
  up(db: Kysely<unknown>, schema: string): Promise<void>;
}

/** Steps by name, run in the names' order: `{ "001_turns": { up } }`. A name is never changed or reused. */
export type Migrations = Readonly<Record<string, SchemaMigration>>;

/** What a schema has of the steps that this build knows, in their order. */
export interface SchemaState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Steps of a later build. */
  readonly unknown: readonly string[];
}

/** The first steps of every schema: the functions by which buckets are made and dropped. */
export const allSteps = (migrations: Migrations): Migrations => ({
  "000_bucket_functions": bucketFunctions,
  ...migrations,
});

/**
 * At the start of a service: runs what the schema lacks where the database handle says `apply`, else only looks.
 * @throws StorageError SCHEMA_OUTDATED, MIGRATION_FAILED
 */
export async function prepareSchema(db: Database, schema: string, migrations: Migrations): Promise<void> {
  if (db.migrations === "apply") await migrate(db, schema, migrations);
  else await checkMigrated(db, schema, migrations);
}

/**
 * Creates the schema and runs what it lacks, all steps in one transaction. Safe when several processes start at once.
 * @returns the names of the steps that were run, in their order.
 * @throws StorageError MIGRATION_FAILED, with the database's error as its cause; DATABASE_UNAVAILABLE,
 * DATABASE_REFUSED, RIGHTS_MISSING; SCHEMA_OUTDATED when the schema has steps that this build doesn't know
 */
export async function migrate(db: Database, schema: string, migrations: Migrations): Promise<readonly string[]> {
  if (await isComplete(db.kysely.withSchema(schema), Object.keys(allSteps(migrations)))) return [];
  for (let attempt = 1; ; attempt++) {
    const { error, results } = await migrator(db.kysely, schema, migrations).migrateToLatest();
    if (error === undefined) return (results ?? []).map((one) => one.migrationName);
    if (attempt < 10 && isRaceOfCreators(error)) continue;
    const refusal = databaseRefusal(error, `the schema ${schema}`);
    if (refusal !== undefined) throw refusal;
    const { unknown } = await schemaState(db, schema, migrations);
    if (unknown.length > 0) throw unknownSteps(schema, unknown);
    throw new StorageError("MIGRATION_FAILED", `the schema ${schema} could not be migrated`, { cause: error });
  }
}

/** Looks and changes nothing. @throws StorageError DATABASE_UNAVAILABLE, DATABASE_REFUSED, RIGHTS_MISSING */
export async function schemaState(db: Database, schema: string, migrations: Migrations): Promise<SchemaState> {
  try {
    const known = await migrator(db.kysely, schema, migrations).getMigrations();
    const names = known.map((one) => one.name);
    const applied = known.filter((one) => one.executedAt !== undefined).map((one) => one.name);
    const rows = applied.length === 0 ? [] : await recordedSteps(db.kysely.withSchema(schema));
    return {
      applied,
      pending: names.filter((name) => !applied.includes(name)),
      unknown: rows.filter((name) => !names.includes(name)),
    };
  } catch (error) {
    throw databaseRefusal(error, `the schema ${schema}`) ?? error;
  }
}

/**
 * For a service whose migrations a job has run: checks and changes nothing. A schema may be ahead of the build, since
 * every step leaves the previous release working.
 * @throws StorageError SCHEMA_OUTDATED naming the steps that are missing.
 */
export async function checkMigrated(db: Database, schema: string, migrations: Migrations): Promise<void> {
  const { pending } = await schemaState(db, schema, migrations);
  if (pending.length === 0) return;
  const sentence = `the schema ${schema} lacks ${pending.join(", ")}; run \`cloister migrate apply\``;
  throw new StorageError("SCHEMA_OUTDATED", sentence);
}

export function migrator(db: Kysely<unknown>, schema: string, migrations: Migrations): Migrator {
  const named = Object.entries(allSteps(migrations)).map(
    ([name, step]) => [name, { up: (tx: Kysely<unknown>) => step.up(tx.withSchema(schema), schema) }] as const,
  );
  return new Migrator({
    db,
    migrationTableSchema: schema,
    allowUnorderedMigrations: true,
    provider: { getMigrations: () => Promise.resolve(Object.fromEntries(named)) },
  });
}

/** Asked first: to find that there is nothing to do, Kysely's Migrator reads the columns of every table, several times. */
async function isComplete(db: Kysely<unknown>, steps: readonly string[]): Promise<boolean> {
  try {
    const recorded = new Set(await recordedSteps(db));
    return recorded.size === steps.length && steps.every((name) => recorded.has(name));
  } catch {
    // There is no schema yet, or no database: the Migrator makes the one and says what is wrong with the other.
    return false;
  }
}

async function recordedSteps(db: Kysely<unknown>): Promise<string[]> {
  // The table of Kysely's Migrator; its columns are documented there.
  const table = db as unknown as Kysely<{ kysely_migration: { name: string } }>;
  const rows = await table.selectFrom("kysely_migration").select("name").execute();
  return rows.map((row) => row.name);
}

function unknownSteps(schema: string, unknown: readonly string[]): StorageError {
  const sentence = `the schema ${schema} has ${unknown.join(", ")}, which this build doesn't know; use the newer build`;
  return new StorageError("SCHEMA_OUTDATED", sentence);
}

/** `CREATE … IF NOT EXISTS` of two sessions at once: duplicate schema, table, object or catalogue row. */
function isRaceOfCreators(error: unknown): boolean {
  return isTransient(error) || ["23505", "42P06", "42P07", "42710"].includes(sqlState(error));
}
