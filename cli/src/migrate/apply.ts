import { applyToDatabase, type AppliedPlan } from "@cloister/storage";
import type { Command } from "commander";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import { addDatabaseOptions, eachDatabase, planOptions, type MigrateFlags, type OwnedDatabase } from "./databases.ts";

const notes = `
Run it before a rollout, as the databases' owner (with CREATEROLE, unless --no-roles). It may be started many times at
once: one works, the others wait and find nothing to do. Roles have no login; give each service's login one of them:
  create role ingest_1 login password '...' in role cloister_ingest

Examples:
  cloister migrate apply --database postgresql://owner@localhost/cloister --keys-database postgresql://owner@localhost/keys
  CLOISTER_MIGRATE_DATABASE_URL=postgresql://owner@localhost/cloister cloister migrate apply --json`;

/** Adds `cloister migrate apply`. */
export function registerMigrateApply(group: Command, terminal: Terminal): void {
  const command = group
    .command("apply")
    .summary("run what the schemas lack, make roles, give rights")
    .description("Runs the steps that the schemas lack, makes the services' roles and gives each its rights.");
  addDatabaseOptions(command)
    .addHelpText("after", notes)
    .action((flags: MigrateFlags) => apply(flags, terminal));
}

async function apply(flags: MigrateFlags, terminal: Terminal): Promise<void> {
  const databases = await eachDatabase(flags, async ({ name, db, schemas }) => ({
    database: name,
    ...(await applyToDatabase(db, schemas, planOptions(flags))),
  }));
  if (flags.json === true) printJson(terminal, { databases });
  else printLines(terminal, databases.flatMap(appliedLines));
}

function appliedLines({ database, schemas, access }: AppliedPlan & { database: OwnedDatabase["name"] }): string[] {
  const ran = schemas.flatMap(({ schema, steps, madeRows }) => [
    ...steps.map((step) => `  ran    ${schema} ${step}`),
    ...madeRows.map((row) => `  made   ${row}`),
  ]);
  if (ran.length + access.roles.length + access.rights.length === 0) return [`${database}: up to date`];
  return [
    `${database}:`,
    ...ran,
    ...access.roles.map((role) => `  made   role ${role}`),
    ...(access.rights.length === 0 ? [] : [`  gave   ${access.rights.length} rights`]),
  ];
}
