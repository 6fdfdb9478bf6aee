import { CodedError } from "@cloister/service";

/** Why a database can't be used. Closed: callers switch on it exhaustively. */
export const storageErrors = {
  DATA_DIR_IN_USE: {
    title: "Another process has the data folder open",
    remedy: "Stop that process, or use another folder.",
  },
  DATABASE_UNAVAILABLE: {
    title: "The database cannot be reached, is starting, stopping, out of connections, or does not answer in time",
    remedy: "Look at the database, its locks and its disk; the service goes on by itself when it is back.",
    isRetryable: true,
  },
  DATABASE_REFUSED: {
    title: "The database server refuses the login, or has no such database",
    remedy: "Look at the URL, the password and the server's pg_hba.conf.",
  },
  RIGHTS_MISSING: {
    title: "The login lacks a right that the command needs",
    remedy: "Migrate as the owner of the database, with CREATEROLE; see docs/operations.md.",
  },
  MIGRATION_FAILED: {
    title: "A migration failed and nothing of it was kept",
    remedy: "Look at the cause in the log, and at the rights of the service's database role.",
  },
  SCHEMA_OUTDATED: {
    title: "The schema and this build don't know the same migrations",
    remedy: "Run `cloister migrate apply`, or the build that fits the schema.",
  },
} as const;

export type StorageErrorCode = keyof typeof storageErrors;

export class StorageError extends CodedError<StorageErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "DATABASE_UNAVAILABLE";
  }
}
