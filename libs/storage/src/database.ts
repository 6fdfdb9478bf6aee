import type { PGlite } from "@electric-sql/pglite";
import type { Kysely } from "kysely";
import { openPglite } from "./pglite.ts";
import { openPostgres } from "./postgres.ts";

/**
 * An open database. PGlite has one backend for the whole process: transactions run one after the other, so inside one
 * never wait for anything that itself needs the database through another handle.
 */
export interface Database {
  readonly engine: "pglite" | "postgres";
  readonly kysely: Kysely<unknown>;
  /** The instance behind the `pglite` engine; null on PostgreSQL. For dumps and tests. */
  readonly pglite: PGlite | null;
  /** Where LISTEN connects to; null on PGlite, which has no notifications between instances. */
  readonly url: string | null;
  /** What `prepareSchema` does with a schema that lacks steps: runs them, or refuses. */
  readonly migrations: SchemaPreparation;
  close(): Promise<void>;
}

export type SchemaPreparation = "apply" | "check";

export interface PgliteOptions {
  readonly engine: "pglite";
  /** A folder, locked for as long as it is open; without it the database is in memory. */
  readonly dataDir?: string;
  /** What `dumpDataDir` gave, to start from, for a new database only. */
  readonly snapshot?: Blob;
}

export interface PostgresOptions {
  readonly engine: "postgres";
  /** `postgresql://user:password@host:port/database` */
  readonly url: string;
  /** Size of the pool; 10. */
  readonly maxConnections?: number;
  /** The server ends a statement that takes longer; 10 s. 0 for never. */
  readonly statementTimeoutMs?: number;
  /** The server ends a session that leaves a transaction open for so long; 30 s. */
  readonly idleTransactionTimeoutMs?: number;
  /** How long a connection may take, the wait for a free one in the pool included; 5 s. */
  readonly connectTimeoutMs?: number;
  /** `apply` by default; services that are processes of their own say `check`. */
  readonly migrations?: SchemaPreparation;
  /** Shown in pg_stat_activity; the service's name. */
  readonly applicationName?: string;
}

export type DatabaseOptions = PgliteOptions | PostgresOptions;

/**
 * Opens a database. PostgreSQL is connected to on first use.
 * @throws StorageError DATA_DIR_IN_USE when another process has the folder open.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.engine === "pglite" ? openPglite(options) : openPostgres(options);
}

/** The tables of one service: a query builder whose unqualified names mean `schema`. */
export function schemaOf<Tables>(db: Database, schema: string): Kysely<Tables> {
  // A Kysely's table types are phantom; the caller names those that its own migrations made in this schema.
  return db.kysely.withSchema(schema) as unknown as Kysely<Tables>;
}
