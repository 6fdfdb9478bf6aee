import { isStatementTimeout } from "./outage.ts";
import { StorageError } from "./storage-error.ts";

/** What is told of an outage. */
export function unavailable(cause: unknown): StorageError {
  const sentence = isStatementTimeout(cause)
    ? "the database did not answer a statement in time; look for what holds its locks, and at its disk"
    : "the database cannot be reached";
  return new StorageError("DATABASE_UNAVAILABLE", sentence, { cause });
}
