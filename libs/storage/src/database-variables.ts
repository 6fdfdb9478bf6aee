import {
  readSecretFile,
  secretVariable,
  variable,
  postgresUrl,
  type ConfigOf,
  type ConfigVariable,
  type Secret,
} from "@cloister/service";
import { z } from "zod";
import type { PostgresOptions } from "./database.ts";

const milliseconds = z.coerce.number().int().min(0).max(2_147_483_647);

const ofEvery = {
  databasePasswordFile: variable("CLOISTER_DATABASE_PASSWORD_FILE", z.string().min(1).optional(), {
    description: "File (0600) with the password of the URL's user, instead of one in the URL",
  }),
  databasePoolSize: variable("CLOISTER_DATABASE_POOL_SIZE", z.coerce.number().int().min(2).max(1_000), {
    description: "Connections to the database at most; one more listens for wake-ups",
    default: "10",
  }),
  databaseConnectTimeoutMs: variable("CLOISTER_DATABASE_CONNECT_TIMEOUT_MS", milliseconds, {
    description: "How long a connection may take, the wait for a free one included, in milliseconds",
    default: "5000",
  }),
  databaseStatementTimeoutMs: variable("CLOISTER_DATABASE_STATEMENT_TIMEOUT_MS", milliseconds, {
    description: "The server ends a statement that takes longer, in milliseconds; 0 for never",
    default: "10000",
  }),
  databaseIdleTransactionTimeoutMs: variable("CLOISTER_DATABASE_IDLE_TRANSACTION_TIMEOUT_MS", milliseconds, {
    description: "The server ends a session that leaves a transaction open for so long, in milliseconds; 0 for never",
    default: "30000",
  }),
  migrations: variable("CLOISTER_MIGRATE", z.enum(["check", "apply"]), {
    description:
      "check: start only if `cloister migrate apply` has run. apply: migrate at the start, for development, as the owner",
    default: "check",
  }),
};

export type DatabaseVariables = typeof ofEvery & { readonly databaseUrl: ConfigVariable<Secret> };

/** For the configuration of every service with a database, which says what it keeps there. */
export function databaseVariables(what: string): DatabaseVariables {
  return {
    databaseUrl: secretVariable("CLOISTER_DATABASE_URL", postgresUrl, {
      description: `PostgreSQL with ${what}; sslmode=verify-full and sslrootcert in its query ask for TLS`,
    }),
    ...ofEvery,
  };
}

/**
 * How a service opens its database by its configuration.
 * @throws ServiceError when the password's file can't be read, or by others than its owner
 */
export async function databaseOptions(
  config: ConfigOf<DatabaseVariables>,
  applicationName: string,
): Promise<PostgresOptions> {
  const url = config.databaseUrl.reveal();
  return {
    engine: "postgres",
    url: config.databasePasswordFile === undefined ? url : await withPassword(url, config.databasePasswordFile),
    applicationName,
    maxConnections: config.databasePoolSize,
    connectTimeoutMs: config.databaseConnectTimeoutMs,
    statementTimeoutMs: config.databaseStatementTimeoutMs,
    idleTransactionTimeoutMs: config.databaseIdleTransactionTimeoutMs,
    migrations: config.migrations,
  };
}

async function withPassword(text: string, file: string): Promise<string> {
  const url = new URL(text);
  url.password = encodeURIComponent(await readSecretFile(file));
  return url.href;
}
