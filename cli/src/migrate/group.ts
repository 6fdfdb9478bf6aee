import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { addDatabaseOptions, type MigrateFlags } from "./database-options.ts";
import type { PlanFlags } from "./plan.ts";

const planNotes = `
Nothing is changed. With --sql each step's statements are shown; what a step does for each row that it finds is not.
--json names each right.

Examples:
  cloister migrate plan --database postgresql://owner@localhost/cloister --keys-database postgresql://owner@localhost/keys
  cloister migrate plan --sql --json`;

const applyNotes = `
Run it before a rollout, as the databases' owner (with CREATEROLE, unless --no-roles). It may be started many times at
once: one works, the others wait and find nothing to do. Roles have no login; give each service's login one of them:
  create role ingest_1 login password '...' in role cloister_ingest

Examples:
  cloister migrate apply --database postgresql://owner@localhost/cloister --keys-database postgresql://owner@localhost/keys
  CLOISTER_MIGRATE_DATABASE_URL=postgresql://owner@localhost/cloister cloister migrate apply --json`;

const statusNotes = `
Exits 1 with MIGRATIONS_PENDING when a schema, a role or a right is missing. Steps of a later build are no fault: a
service works with a schema that is ahead of it.

Examples:
  cloister migrate status --database postgresql://owner@localhost/cloister
  cloister migrate status --json`;

/** Adds `cloister migrate`. What it runs is loaded when it is asked for, since it knows every service. */
export function registerMigrate(program: Command, terminal: Terminal): void {
  const group = program
    .command("migrate")
    .summary("PostgreSQL: schemas, roles and rights, before services start")
    .description("Makes the services' schemas in PostgreSQL, and a role with the least rights for each service.");
  registerPlan(group, terminal);
  registerApply(group, terminal);
  registerStatus(group, terminal);
}

function registerPlan(group: Command, terminal: Terminal): void {
  const command = group
    .command("plan")
    .summary("show what apply would do, without doing it")
    .description("Shows what `migrate apply` would do, without doing it.");
  addDatabaseOptions(command)
    .option("--sql", "show the statements of each step")
    .addHelpText("after", planNotes)
    .action(async (flags: PlanFlags) => (await import("./plan.ts")).plan(flags, terminal));
}

function registerApply(group: Command, terminal: Terminal): void {
  const command = group
    .command("apply")
    .summary("run what the schemas lack, make roles, give rights")
    .description("Runs the steps that the schemas lack, makes the services' roles and gives each its rights.");
  addDatabaseOptions(command)
    .addHelpText("after", applyNotes)
    .action(async (flags: MigrateFlags) => (await import("./apply.ts")).apply(flags, terminal));
}

function registerStatus(group: Command, terminal: Terminal): void {
  const command = group
    .command("status")
    .summary("show whether schemas, roles and rights are what this build needs")
    .description("Shows whether schemas, roles and rights are what this build needs.");
  addDatabaseOptions(command)
    .addHelpText("after", statusNotes)
    .action(async (flags: MigrateFlags) => (await import("./status.ts")).status(flags, terminal));
}
