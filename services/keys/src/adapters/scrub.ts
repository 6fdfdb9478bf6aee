import { sql } from "kysely";
import type { Database } from "@cloister/storage";

/** Whole tables take longer than a statement otherwise may. */
const MOST_MS = 600_000;

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
  await db.kysely.transaction().execute(async (tx) => {
    await sql`set local statement_timeout = ${sql.lit(MOST_MS)}`.execute(tx);
    await sql`select ${sql.id(schema, "rewrite_tables")}()`.execute(tx);
  });
  if (db.engine !== "pglite") return;
  await sql`set wal_recycle = off`.execute(db.kysely);
  await sql`select pg_switch_wal()`.execute(db.kysely);
  await sql`checkpoint`.execute(db.kysely);
}
