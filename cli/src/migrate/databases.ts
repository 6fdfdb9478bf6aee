import { keysSchemas, mainSchemas, pgvectorSchemas } from "@cloister/embedded/schemas";
import { openDatabase, type Database, type OwnedSchema, type PlanOptions } from "@cloister/storage";
import { InvalidArgumentError, Option, type Command } from "commander";
import { CliError } from "../cli-error.ts";

export interface MigrateFlags {
  readonly database?: string;
  readonly keysDatabase?: string;
  readonly vectors: "sealed" | "pgvector" | "qdrant";
  readonly rolePrefix: string;
  readonly roles: boolean;
  readonly json?: true;
}

/** One of the two databases, open as its owner. */
export interface OwnedDatabase {
  readonly name: "main" | "keys";
  readonly db: Database;
  readonly schemas: readonly OwnedSchema[];
}

export function addDatabaseOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--database <url>", "PostgreSQL of the services, as its owner").env("CLOISTER_MIGRATE_DATABASE_URL"),
    )
    .addOption(
      new Option("--keys-database <url>", "PostgreSQL of keys, as its owner").env("CLOISTER_MIGRATE_KEYS_DATABASE_URL"),
    )
    .addOption(
      new Option("--vectors <where>", "pgvector: the services' database keeps protected vectors, too")
        .choices(["sealed", "pgvector", "qdrant"])
        .default("sealed")
        .env("CLOISTER_VECTORS"),
    )
    .option("--role-prefix <name>", "of the roles' names; two deployments on one server need two", prefix, "cloister")
    .option("--no-roles", "leave roles and rights alone: one login owns everything and works in it")
    .option("--json", "print as JSON");
}

export function planOptions({ roles, rolePrefix }: MigrateFlags): PlanOptions {
  return { access: roles ? { rolePrefix } : null };
}

/**
 * Runs `work` for each database that was named, one after the other, and closes them.
 * @throws CliError DATABASE_MISSING when none was
 */
export async function eachDatabase<T>(flags: MigrateFlags, work: (one: OwnedDatabase) => Promise<T>): Promise<T[]> {
  const ofVectors = flags.vectors === "pgvector" ? pgvectorSchemas() : [];
  const named = [
    { name: "main", url: flags.database, schemas: [...mainSchemas, ...ofVectors] },
    { name: "keys", url: flags.keysDatabase, schemas: keysSchemas },
  ] as const;
  const results: T[] = [];
  for (const { name, url, schemas } of named) {
    if (url === undefined) continue;
    const db = await openDatabase({
      engine: "postgres",
      url: postgresUrl(url),
      applicationName: "cloister migrate",
      // One holds the lock, one works.
      maxConnections: 2,
      // Waits for whoever else migrates, and lets a step over a large table take its time.
      statementTimeoutMs: 0,
      idleTransactionTimeoutMs: 0,
    });
    try {
      results.push(await work({ name, db, schemas }));
    } finally {
      await db.close();
    }
  }
  if (results.length > 0) return results;
  throw new CliError("DATABASE_MISSING", "Name --database, --keys-database or both, or set the variables of the help.");
}

/** The URL may hold a password, so that it is never quoted. @throws CliError DATABASE_MISSING */
function postgresUrl(text: string): string {
  if (URL.canParse(text) && /^postgres(?:ql)?:$/u.test(new URL(text).protocol)) return text;
  const sentence = "A database is named by a URL such as postgresql://owner@host:5432/cloister.";
  throw new CliError("DATABASE_MISSING", sentence);
}

function prefix(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,40}$/u.test(text)) {
    throw new InvalidArgumentError("A prefix is lower-case letters, digits and underscores.");
  }
  return text;
}
