import { grantAccess, missingAccess, type AccessOptions, type MissingAccess } from "../access/service-access.ts";
import type { OwnedSchema } from "../access/owned-schema.ts";
import type { Database } from "../database.ts";
import { migrate, schemaState, type SchemaState } from "./migrate.ts";
import { withMigrationLock } from "./migration-lock.ts";

/** `access: null` leaves roles alone: one login then owns everything and works in it. */
export interface PlanOptions {
  readonly access: AccessOptions | null;
}

/** What a database has and lacks. */
export interface DatabasePlan {
  readonly schemas: readonly (SchemaState & { readonly schema: string; readonly missingRows: readonly string[] })[];
  readonly access: MissingAccess;
}

export interface AppliedPlan {
  /** The steps that were run, by schema. */
  readonly schemas: readonly {
    readonly schema: string;
    readonly steps: readonly string[];
    readonly madeRows: readonly string[];
  }[];
  /** What was given. */
  readonly access: MissingAccess;
}

const NOTHING: MissingAccess = { roles: [], rights: [] };

/** Looks and changes nothing. @throws StorageError DATABASE_UNAVAILABLE, DATABASE_REFUSED, RIGHTS_MISSING */
export async function planDatabase(
  db: Database,
  schemas: readonly OwnedSchema[],
  { access }: PlanOptions,
): Promise<DatabasePlan> {
  const states: DatabasePlan["schemas"][number][] = [];
  for (const { schema, migrations, rows } of schemas) {
    const state = await schemaState(db, schema, migrations);
    states.push({ schema, ...state, missingRows: (await rows?.missing(db)) ?? [] });
  }
  return { schemas: states, access: access === null ? NOTHING : await missingAccess(db, schemas, access) };
}

/**
 * Runs what the schemas lack and gives the roles their rights. One at a time on a database; whoever comes second finds
 * nothing to do. A failure keeps what earlier schemas got, and nothing of its own schema.
 * @throws StorageError MIGRATION_FAILED, SCHEMA_OUTDATED, DATABASE_UNAVAILABLE, DATABASE_REFUSED, RIGHTS_MISSING
 */
export async function applyToDatabase(
  db: Database,
  schemas: readonly OwnedSchema[],
  { access }: PlanOptions,
): Promise<AppliedPlan> {
  return withMigrationLock(db, async () => {
    const applied: AppliedPlan["schemas"][number][] = [];
    for (const { schema, migrations, rows } of schemas) {
      const steps = await migrate(db, schema, migrations);
      const madeRows = (await rows?.missing(db)) ?? [];
      await rows?.make(db);
      applied.push({ schema, steps, madeRows });
    }
    if (access === null) return { schemas: applied, access: NOTHING };
    const given = await missingAccess(db, schemas, access);
    await grantAccess(db, schemas, access);
    return { schemas: applied, access: given };
  });
}
