import { CodedError } from "@cloister/service";

export type StorageErrorCode =
  /** Another process has the data folder open. */
  | "DATA_DIR_IN_USE"
  /** The database cannot be reached, is starting, stopping or out of connections. */
  | "DATABASE_UNAVAILABLE"
  /** A migration failed; nothing of it was kept. */
  | "MIGRATION_FAILED"
  /** The schema lacks a migration that this build needs, or has one that it does not know. */
  | "SCHEMA_OUTDATED";

export class StorageError extends CodedError<StorageErrorCode> {
  override get isUnavailable(): boolean {
    return this.code === "DATABASE_UNAVAILABLE";
  }
}
