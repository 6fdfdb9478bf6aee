import { sql } from "kysely";
import type { Database } from "@cloister/storage";

const TABLES = ["bucket_key", "conversation_secret", "conversation"] as const;

/**
 * Rewrites the tables, so that deleted rows are in none of their pages. On PGlite the write-ahead log goes too: its
 * segment is closed, and a checkpoint removes it instead of keeping it for reuse. On a PostgreSQL server the log and
 * its archive are the operator's (backups live at most `backupDays`). Calls that come meanwhile share the next run.
 */
export function scrubber(db: Database, schema: string): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        running = scrub(db, schema);
        return running;
      });
    return next;
  };
}

async function scrub(db: Database, schema: string): Promise<void> {
  for (const table of TABLES) await sql`vacuum full ${sql.id(schema, table)}`.execute(db.kysely);
  if (db.engine !== "pglite") return;
  await sql`set wal_recycle = off`.execute(db.kysely);
  await sql`select pg_switch_wal()`.execute(db.kysely);
  await sql`checkpoint`.execute(db.kysely);
}
