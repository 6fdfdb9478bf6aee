import { planDatabase, type DatabasePlan } from "@cloister/storage";
import { CliError } from "../cli-error.ts";
import { tableLines } from "../table.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import type { MigrateFlags } from "./database-options.ts";
import { eachDatabase, planOptions, type OwnedDatabase } from "./databases.ts";

type Status = DatabasePlan & { readonly database: OwnedDatabase["name"]; readonly isUpToDate: boolean };

export async function status(flags: MigrateFlags, terminal: Terminal): Promise<void> {
  const databases = await eachDatabase(flags, async ({ name, db, schemas }): Promise<Status> => {
    const plan = await planDatabase(db, schemas, planOptions(flags));
    return { database: name, isUpToDate: isUpToDate(plan), ...plan };
  });
  if (flags.json === true) printJson(terminal, { databases });
  else printLines(terminal, [...schemaTable(databases), ...accessLines(databases, flags)]);
  if (databases.every((one) => one.isUpToDate)) return;
  throw new CliError("MIGRATIONS_PENDING", "The database lacks steps, roles or rights; run `cloister migrate apply`.");
}

const isUpToDate = ({ schemas, access }: DatabasePlan): boolean =>
  schemas.every(({ pending, missingRows }) => pending.length + missingRows.length === 0) &&
  access.roles.length + access.rights.length === 0;

function schemaTable(databases: readonly Status[]): string[] {
  const rows = databases.flatMap(({ database, schemas }) =>
    schemas.map(({ schema, applied, pending, missingRows, unknown }) => [
      database,
      schema,
      applied.length,
      pending.length + missingRows.length === 0 ? "none" : [...pending, ...missingRows].join(", "),
      unknown.length === 0 ? "none" : unknown.join(", "),
    ]),
  );
  return tableLines(["database", "schema", "steps", "missing", "of a later build"], rows);
}

function accessLines(databases: readonly Status[], { roles }: MigrateFlags): string[] {
  if (!roles) return [];
  return databases.map(({ database, access }) => {
    if (access.roles.length + access.rights.length === 0) return `${database}: roles and rights are complete`;
    return `${database}: ${access.roles.length} roles and ${access.rights.length} rights are missing`;
  });
}
