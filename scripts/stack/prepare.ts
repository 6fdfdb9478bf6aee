import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { repositoryRoot } from "../lint/workspaces.ts";
import { databaseUrls } from "./engines.ts";
import { protectedVectors } from "./environment.ts";
import { databaseLogin, serviceNames, type StackFolder } from "./layout.ts";
import { secretOf } from "./secrets.ts";
import { StackError } from "./stack-error.ts";

const run = promisify(execFile);

export const cloisterProgram = join(repositoryRoot, "cli/dist/main.js");

/** What the engines hold before services start: schemas, roles, a login for each service, topics. Again is the same. */
export async function prepareEngines(folder: StackFolder): Promise<void> {
  const { main, keys } = await databaseUrls(folder);
  await asSuperuser(main, ["create extension if not exists vector"]);
  await cloister(["migrate", "apply"], {
    CLOISTER_MIGRATE_DATABASE_URL: main,
    CLOISTER_MIGRATE_KEYS_DATABASE_URL: keys,
    ...protectedVectors,
  });
  const brokers = `127.0.0.1:${folder.ports.kafka}`;
  await cloister(["topics", "apply", "--yes", "--replicas", "1", "--brokers", brokers], {});
  for (const service of serviceNames) {
    const { role, login } = databaseLogin(service);
    const password = await secretOf(folder, `database-${service}`);
    await asSuperuser(service === "keys" ? keys : main, loginStatements(login, role, password));
  }
}

/** Makes the login when it is absent, and sets its password. */
function loginStatements(login: string, role: string, password: string): string[] {
  const name = pg.escapeIdentifier(login);
  return [
    `do $$ begin
       if not exists (select from pg_roles where rolname = ${pg.escapeLiteral(login)}) then create role ${name}; end if;
     end $$`,
    `alter role ${name} login password ${pg.escapeLiteral(password)}`,
    `grant ${pg.escapeIdentifier(role)} to ${name}`,
  ];
}

async function asSuperuser(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** @throws StackError STEP_FAILED with what the command said */
async function cloister(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  try {
    await run(process.execPath, [cloisterProgram, ...args], { env: { ...process.env, ...environment } });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new StackError("STEP_FAILED", `cloister ${args.join(" ")} failed: ${said}`);
  }
}
