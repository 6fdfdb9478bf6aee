import { sql } from "kysely";
import type { Database } from "../database.ts";
import { databaseRefusal } from "./refusal.ts";

/** Any constant: whoever migrates a database of ours takes the same. */
const LOCK = 4_921_733_118_540_337;

/**
 * Runs `work` while nobody else migrates this database by it; others wait. The lock ends with its session, so a killed
 * process leaves none behind. The handle needs two connections, and no statement time-out.
 * @throws StorageError DATABASE_UNAVAILABLE, DATABASE_REFUSED, RIGHTS_MISSING when the lock can't be had; what `work` throws
 */
export async function withMigrationLock<T>(db: Database, work: () => Promise<T>): Promise<T> {
  let isLocked = false;
  const locked = db.kysely.connection().execute(async (session) => {
    await sql`select pg_advisory_lock(${LOCK})`.execute(session);
    isLocked = true;
    try {
      return await work();
    } finally {
      // A session that is gone has given its lock back.
      await sql`select pg_advisory_unlock(${LOCK})`.execute(session).catch(() => undefined);
    }
  });
  return locked.catch((error: unknown) => {
    throw isLocked ? error : (databaseRefusal(error, "the database") ?? error);
  });
}
