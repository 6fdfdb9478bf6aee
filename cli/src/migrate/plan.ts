import { planDatabase, statementsOf, type DatabasePlan } from "@cloister/storage";
import { printJson, printLines, type Terminal } from "../terminal.ts";
import type { MigrateFlags } from "./database-options.ts";
import { eachDatabase, planOptions, type OwnedDatabase } from "./databases.ts";

export interface PlanFlags extends MigrateFlags {
  readonly sql?: true;
}

interface PlannedStep {
  readonly schema: string;
  readonly step: string;
  readonly sql?: readonly string[];
}

interface Plan {
  readonly database: OwnedDatabase["name"];
  readonly steps: readonly PlannedStep[];
  readonly rows: readonly string[];
  readonly roles: readonly string[];
  readonly rights: readonly string[];
}

export async function plan(flags: PlanFlags, terminal: Terminal): Promise<void> {
  const plans = await eachDatabase(flags, async (one): Promise<Plan> => {
    const found = await planDatabase(one.db, one.schemas, planOptions(flags));
    const steps = await stepsOf(one, found, flags.sql === true);
    return {
      database: one.name,
      steps,
      rows: found.schemas.flatMap(({ missingRows }) => missingRows),
      ...found.access,
    };
  });
  if (flags.json === true) printJson(terminal, { databases: plans });
  else printLines(terminal, plans.flatMap(planLines));
}

async function stepsOf({ schemas }: OwnedDatabase, found: DatabasePlan, withSql: boolean): Promise<PlannedStep[]> {
  const steps: PlannedStep[] = [];
  for (const { schema, migrations } of schemas) {
    const { pending = [] } = found.schemas.find((one) => one.schema === schema) ?? {};
    const statements = withSql ? await statementsOf(schema, migrations, pending) : undefined;
    steps.push(...pending.map((step) => ({ schema, step, ...(statements && { sql: statements.get(step) ?? [] }) })));
  }
  return steps;
}

function planLines({ database, steps, rows, roles, rights }: Plan): string[] {
  if (steps.length + rows.length + roles.length + rights.length === 0) return [`${database}: nothing to do`];
  return [
    `${database}:`,
    ...steps.flatMap(({ schema, step, sql = [] }) => [
      `  run    ${schema} ${step}`,
      ...sql.map((statement) => `${statement.replaceAll(/^/gmu, "           ")};`),
    ]),
    ...rows.map((row) => `  make   ${row}`),
    ...roles.map((role) => `  make   role ${role}`),
    ...grantLines(rights),
  ];
}

/** Of `select on ingest.mailbox to cloister_ingest` the count by role; --json has each. */
function grantLines(rights: readonly string[]): string[] {
  const byRole = Map.groupBy(rights, (right) => right.slice(right.lastIndexOf(" ") + 1));
  return [...byRole].map(([role, ofRole]) => `  grant  ${ofRole.length} rights to ${role}`);
}
