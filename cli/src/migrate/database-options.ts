import { InvalidArgumentError, Option, type Command } from "commander";

export interface MigrateFlags {
  readonly database?: string;
  readonly databasePasswordFile?: string;
  readonly keysDatabase?: string;
  readonly keysDatabasePasswordFile?: string;
  readonly vectors: "sealed" | "pgvector" | "qdrant";
  readonly rolePrefix: string;
  readonly roles: boolean;
  readonly json?: true;
}

export function addDatabaseOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--database <url>", "PostgreSQL of the services, as its owner").env("CLOISTER_MIGRATE_DATABASE_URL"),
    )
    .option("--database-password-file <file>", "with the password of its owner (0600), instead of one in the URL")
    .addOption(
      new Option("--keys-database <url>", "PostgreSQL of keys, as its owner").env("CLOISTER_MIGRATE_KEYS_DATABASE_URL"),
    )
    .option("--keys-database-password-file <file>", "the same of keys' owner")
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

function prefix(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,40}$/u.test(text)) {
    throw new InvalidArgumentError("A prefix is lower-case letters, digits and underscores.");
  }
  return text;
}
