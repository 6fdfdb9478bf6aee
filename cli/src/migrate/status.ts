import { planDatabase, type DatabasePlan } from "@cloister/storage";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { tableLines } from "../table.ts";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { addDatabaseOptions, eachDatabase, planOptions, type MigrateFlags, type OwnedDatabase } from "./databases.ts";

type Status = DatabasePlan & { readonly database: OwnedDatabase["name"]; readonly isUpToDate: boolean };

const notes = `
Exits 1 with MIGRATIONS_PENDING when a schema, a role or a right is missing. Steps of a later build are no fault: a
service works with a schema that is ahead of it.

Examples:
  cloister migrate status --database postgresql://owner@localhost/cloister
  cloister migrate status --json`;

/** Adds `cloister migrate status`. */
export function registerMigrateStatus(group: Command, terminal: Terminal): void {
  const command = group
    .command("status")
    .summary("show whether schemas, roles and rights are what this build needs")
    .description("Shows whether schemas, roles and rights are what this build needs.");
  addDatabaseOptions(command)
    .addHelpText("after", notes)
    .action((flags: MigrateFlags) => status(flags, terminal));
}

async function status(flags: MigrateFlags, terminal: Terminal): Promise<void> {
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
