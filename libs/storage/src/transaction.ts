import type { Kysely, Transaction } from "kysely";
import { isOutage, isTransient } from "./outage.ts";
import { StorageError } from "./storage-error.ts";
import { unavailable } from "./unavailable.ts";
import { underScope, type RowScope } from "./tenants/row-scope.ts";

const ATTEMPTS = 5;

/**
 * Runs `work` in one READ COMMITTED transaction that sees and writes rows of its scope only. A deadlock or serialization
 * failure runs it again, up to five times, so it must be safe to repeat. Never call another service or open another
 * transaction inside it.
 * @throws StorageError DATABASE_UNAVAILABLE when the database is away or too slow; whether the commit happened is unknown
 * then. Anything else that `work` throws comes out unchanged after the rollback.
 */
export function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  scope: RowScope,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  // Whatever the database's default is: what a transaction reads again, it is to find as it is now.
  const begun = () => db.transaction().setIsolationLevel("read committed");
  return repeated(() => underScope(scope, () => begun().execute(work)));
}

/** The same for a single statement, which is a transaction of its own and undoes itself when it fails. */
export function oneStatement<T>(scope: RowScope, ask: () => Promise<T>): Promise<T> {
  return repeated(() => underScope(scope, ask));
}

/** Runs statements outside a transaction, each seeing rows of the scope only, once, with the same translation of an outage. */
export async function onDatabase<T>(scope: RowScope, work: () => Promise<T>): Promise<T> {
  try {
    return await underScope(scope, work);
  } catch (error) {
    throw asStorageError(error);
  }
}

async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (isTransient(error) && attempt < ATTEMPTS) continue;
      throw asStorageError(error);
    }
  }
}

function asStorageError(error: unknown): unknown {
  return error instanceof StorageError || !isOutage(error) ? error : unavailable(error);
}
