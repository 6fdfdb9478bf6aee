import { applyToDatabase, type AppliedPlan } from "@cloister/storage";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import type { MigrateFlags } from "./database-options.ts";
import { eachDatabase, planOptions, type OwnedDatabase } from "./databases.ts";

export async function apply(flags: MigrateFlags, terminal: Terminal): Promise<void> {
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
