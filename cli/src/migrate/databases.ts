import { keysSchemas, mainSchemas, pgvectorSchemas } from "@cloister/embedded/schemas";
import { readSecretFile } from "@cloister/service";
import { openDatabase, type Database, type OwnedSchema, type PlanOptions } from "@cloister/storage";
import { CliError } from "../cli-error.ts";
import type { MigrateFlags } from "./database-options.ts";

/** One of the two databases, open as its owner. */
export interface OwnedDatabase {
  readonly name: "main" | "keys";
  readonly db: Database;
  readonly schemas: readonly OwnedSchema[];
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
    {
      name: "main",
      url: flags.database,
      passwordFile: flags.databasePasswordFile,
      schemas: [...mainSchemas, ...ofVectors],
    },
    { name: "keys", url: flags.keysDatabase, passwordFile: flags.keysDatabasePasswordFile, schemas: keysSchemas },
  ] as const;
  const results: T[] = [];
  for (const { name, url, passwordFile, schemas } of named) {
    if (url === undefined) continue;
    const db = await openDatabase({
      engine: "postgres",
      url: await withPassword(postgresUrl(url), passwordFile),
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

/** @throws ServiceError when the file can't be read, or by others than its owner */
async function withPassword(url: string, file: string | undefined): Promise<string> {
  if (file === undefined) return url;
  const withIt = new URL(url);
  withIt.password = encodeURIComponent(await readSecretFile(file));
  return withIt.href;
}

/** The URL may hold a password, so that it is never quoted. @throws CliError DATABASE_MISSING */
function postgresUrl(text: string): string {
  if (URL.canParse(text) && /^postgres(?:ql)?:$/u.test(new URL(text).protocol)) return text;
  const sentence = "A database is named by a URL such as postgresql://owner@host:5432/cloister.";
  throw new CliError("DATABASE_MISSING", sentence);
}
