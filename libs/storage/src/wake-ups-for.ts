import type { Database } from "./database.ts";
import { InProcessWakeUps } from "./in-process-wake-ups.ts";
import { PostgresWakeUps } from "./postgres-wake-ups.ts";
import type { WakeUps } from "./wake-ups.ts";

/** In process on PGlite, LISTEN/NOTIFY on PostgreSQL. Make one a database and share it. */
export function wakeUpsFor(db: Database): WakeUps {
  return db.url === null ? new InProcessWakeUps() : new PostgresWakeUps(db.url, db.kysely);
}
