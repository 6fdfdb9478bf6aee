import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { databaseRefusal } from "../migrations/refusal.ts";
import type { OwnedSchema, SchemaGrant, ServiceRole } from "./owned-schema.ts";

export interface AccessOptions {
  /** Of the roles' names: two deployments on one server need two. */
  readonly rolePrefix: string;
}

/** What the schemas' grants ask for and the database doesn't have. */
export interface MissingAccess {
  readonly roles: readonly string[];
  /** As in `select on ingest.mailbox to cloister_ingest`. */
  readonly rights: readonly string[];
}

/** One right, as GRANT and the catalogue's questions name it. */
interface Right {
  readonly role: string;
  readonly right: string;
  readonly kind: "schema" | "table" | "sequence" | "function";
  /** Quoted, with its schema. */
  readonly object: string;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The roles and rights that these schemas ask for. */
function accessTo(
  schemas: readonly OwnedSchema[],
  { rolePrefix }: AccessOptions,
): { readonly roles: readonly string[]; readonly rights: readonly Right[] } {
  const nameOf = (role: ServiceRole): string => `${rolePrefix}_${role}`;
  const rights = schemas.flatMap(({ schema, grants }) =>
    grants.flatMap(({ to, tables: own, sequences = [], functions = [] }): Right[] => {
      const role = nameOf(to);
      // So that a service can tell whether a schema that it works in is up to date.
      const tables: NonNullable<SchemaGrant["tables"]> =
        own === undefined ? {} : { ...own, kysely_migration: ["select"] };
      const inSchema = (name: string): string => `${quoted(schema)}.${quoted(name)}`;
      return [
        { role, right: "usage", kind: "schema", object: quoted(schema) },
        ...Object.entries(tables).flatMap(([table, all]) =>
          all.map((right): Right => ({ role, right, kind: "table", object: inSchema(table) })),
        ),
        ...sequences.map((one): Right => ({ role, right: "usage", kind: "sequence", object: inSchema(one) })),
        ...functions.map((one): Right => ({
          role,
          right: "execute",
          kind: "function",
          object: `${quoted(schema)}.${one}`,
        })),
      ];
    }),
  );
  return { roles: [...new Set(rights.map(({ role }) => role))], rights };
}

/** @throws StorageError DATABASE_UNAVAILABLE, DATABASE_REFUSED */
export async function missingAccess(
  db: Database,
  schemas: readonly OwnedSchema[],
  options: AccessOptions,
): Promise<MissingAccess> {
  const { roles, rights } = accessTo(schemas, options);
  try {
    const present = await presentRoles(db.kysely, roles);
    const missing: string[] = [];
    for (const one of rights) {
      if (!present.has(one.role) || !(await hasRight(db.kysely, one))) missing.push(textOf(one));
    }
    return { roles: roles.filter((role) => !present.has(role)), rights: missing };
  } catch (error) {
    throw databaseRefusal(error, "the roles") ?? error;
  }
}

/**
 * Makes the roles that are missing and gives each exactly what the schemas' grants say: what it had there besides is taken
 * away. One transaction, so that a running service never stands without its rights.
 * @throws StorageError RIGHTS_MISSING, DATABASE_UNAVAILABLE, DATABASE_REFUSED
 */
export async function grantAccess(
  db: Database,
  schemas: readonly OwnedSchema[],
  options: AccessOptions,
): Promise<void> {
  const { roles, rights } = accessTo(schemas, options);
  try {
    await db.kysely.transaction().execute(async (tx) => {
      const present = await presentRoles(tx, roles);
      for (const role of roles.filter((one) => !present.has(one))) {
        await sql`create role ${sql.id(role)} nologin`.execute(tx);
      }
      for (const { schema } of schemas) await takeAway(tx, schema, roles);
      for (const { role, right, kind, object } of rights) {
        await sql`grant ${sql.raw(right)} on ${sql.raw(kind)} ${sql.raw(object)} to ${sql.id(role)}`.execute(tx);
      }
    });
  } catch (error) {
    throw databaseRefusal(error, "roles and their rights") ?? error;
  }
}

async function takeAway(tx: Kysely<unknown>, schema: string, roles: readonly string[]): Promise<void> {
  const from = sql.join([...roles.map((role) => sql.id(role)), sql`public`]);
  const inSchema = sql.id(schema);
  await sql`revoke all on all tables in schema ${inSchema} from ${from}`.execute(tx);
  await sql`revoke all on all sequences in schema ${inSchema} from ${from}`.execute(tx);
  await sql`revoke all on all functions in schema ${inSchema} from ${from}`.execute(tx);
  await sql`revoke all on schema ${inSchema} from ${from}`.execute(tx);
}

async function presentRoles(db: Kysely<unknown>, roles: readonly string[]): Promise<ReadonlySet<string>> {
  if (roles.length === 0) return new Set();
  const { rows } = await sql<{ rolname: string }>`
    select rolname from pg_catalog.pg_roles where rolname in (${sql.join(roles)})`.execute(db);
  return new Set(rows.map((row) => row.rolname));
}

/** What isn't there yet is no right of anybody's. */
async function hasRight(db: Kysely<unknown>, { role, right, kind, object }: Right): Promise<boolean> {
  const lookup = { schema: "regnamespace", table: "regclass", sequence: "regclass", function: "regprocedure" }[kind];
  const { rows } = await sql<{ has: boolean | null }>`
    select ${sql.raw(`has_${kind}_privilege`)}(${role}::name, ${sql.raw(`to_${lookup}`)}(${object})::oid, ${right}) as has`.execute(
    db,
  );
  return rows[0]?.has === true;
}

const textOf = ({ role, right, kind, object }: Right): string =>
  `${right} on ${kind === "table" ? "" : `${kind} `}${object.replaceAll('"', "")} to ${role}`;
