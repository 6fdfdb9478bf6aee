import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { filesOf, tablesOf } from "@cloister/embedded/demo";
import { openDatabase, type Database } from "@cloister/storage";
import type { SearchedPlace } from "@cloister/canary";
import { redisCommand } from "@cloister/testing/engines";
import { sql } from "kysely";
import { databaseUrls } from "./engines.ts";
import type { StackFolder } from "./layout.ts";
import { secretOf } from "./secrets.ts";

/** Both databases, open as their superuser: an operator has that. */
export interface OperatorDatabases {
  readonly main: Database;
  readonly keys: Database;
}

export async function openAsOperator(folder: StackFolder): Promise<OperatorDatabases> {
  const urls = await databaseUrls(folder);
  const open = (url: string): Promise<Database> =>
    openDatabase({ engine: "postgres", url, maxConnections: 1, statementTimeoutMs: 0 });
  return { main: await open(urls.main), keys: await open(urls.keys) };
}

/**
 * Where an operator could look: every table, and every file of the stack: Kafka's segments, both PostgreSQL folders with
 * their write-ahead logs, Redis' dump, what engines and services wrote to their logs.
 */
export async function* stackPlaces(folder: StackFolder, databases: OperatorDatabases): AsyncGenerator<SearchedPlace> {
  // What engines hold in memory alone is written down first.
  for (const db of [databases.main, databases.keys]) await sql`checkpoint`.execute(db.kysely);
  await redisCommand(`redis://:${await secretOf(folder, "redis")}@127.0.0.1:${folder.ports.redis}`, "SAVE");
  yield* tablesOf("main", databases.main);
  yield* tablesOf("keys", databases.keys);
  for (const entry of await readdir(folder.path, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for await (const { place, chunks } of filesOf(join(folder.path, entry.name))) {
      yield { place: `${entry.name}: ${place}`, chunks };
    }
  }
}
