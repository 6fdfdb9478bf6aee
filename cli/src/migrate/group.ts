import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { registerMigrateApply } from "./apply.ts";
import { registerMigratePlan } from "./plan.ts";
import { registerMigrateStatus } from "./status.ts";

/** Adds `cloister migrate`. */
export function registerMigrate(program: Command, terminal: Terminal): void {
  const group = program
    .command("migrate")
    .summary("PostgreSQL: schemas, roles and rights, before services start")
    .description("Makes the services' schemas in PostgreSQL, and a role with the least rights for each service.");
  registerMigratePlan(group, terminal);
  registerMigrateApply(group, terminal);
  registerMigrateStatus(group, terminal);
}
