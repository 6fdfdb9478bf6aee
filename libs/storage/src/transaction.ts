import type { Kysely, Transaction } from "kysely";
import { isOutage, isTransient } from "./outage.ts";
import { StorageError } from "./storage-error.ts";

const ATTEMPTS = 5;

/**
 * Runs `work` in one READ COMMITTED transaction. A deadlock or serialization failure runs it again, up to five times,
 * so it must be safe to repeat. Never call another service or open another transaction inside it.
 * @throws StorageError DATABASE_UNAVAILABLE when the database is away; whether the commit happened is unknown then.
 * Anything else that `work` throws comes out unchanged after the rollback.
 */
export async function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (isTransient(error) && attempt < ATTEMPTS) continue;
      throw asStorageError(error);
    }
  }
}

/** Runs statements outside a transaction, with the same translation of an outage. */
export async function onDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStorageError(error);
  }
}

function asStorageError(error: unknown): unknown {
  if (error instanceof StorageError || !isOutage(error)) return error;
  return new StorageError("DATABASE_UNAVAILABLE", "the database cannot be reached", { cause: error });
}
