import { open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Database } from "@cloister/storage";
import type { SearchedPlace } from "@cloister/canary";
import { sql } from "kysely";
import type { CapturedLogs } from "./captured-logs.ts";

/** Where an operator could look: every table, every topic, every file of the databases, every log line. */
export interface OperatorView {
  readonly databases: readonly { readonly name: string; readonly db: Database }[];
  readonly folder: string;
  readonly logs: CapturedLogs;
}

const FILE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Longer than any needle, so that none is cut in two by a chunk's border. */
const OVERLAP_BYTES = 64 * 1024;

export async function* placesOf(view: OperatorView): AsyncGenerator<SearchedPlace> {
  for (const { name, db } of view.databases) yield* tablesOf(name, db);
  yield* filesOf(view.folder);
  for (const [service, lines] of view.logs.entries()) {
    yield { place: `log lines of ${service}`, chunks: [Buffer.from(lines.join(""))] };
  }
}

/** The rows of every table. The message log's topics are tables too. */
export async function* tablesOf(name: string, db: Database): AsyncGenerator<SearchedPlace> {
  for (const { schema, table } of await listTables(db)) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.id(schema, table)}`.execute(db.kysely);
    yield {
      place: `table ${name}: ${schema}.${table}`,
      chunks: rows.flatMap((row) => Object.values(row).map(bytesOf)),
    };
  }
}

async function listTables(db: Database): Promise<{ schema: string; table: string }[]> {
  const { rows } = await sql<{ schema: string; table: string }>`
    select table_schema as schema, table_name as "table" from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
    order by table_schema, table_name`.execute(db.kysely);
  return rows;
}

/** Every file under a folder, by its path in it. */
export async function* filesOf(folder: string): AsyncGenerator<SearchedPlace> {
  const buffer = Buffer.allocUnsafe(FILE_BUFFER_BYTES);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    yield { place: `file ${relative(folder, path)}`, chunks: overlapping(path, buffer) };
  }
}

/** Reads a file piece by piece into one buffer; each piece begins with the end of the one before. */
async function* overlapping(path: string, buffer: Buffer): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    let kept = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept);
      if (bytesRead === 0) return;
      const filled = kept + bytesRead;
      yield buffer.subarray(0, filled);
      kept = Math.min(filled, OVERLAP_BYTES);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    await file.close();
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Buffer.from(value);
  return Buffer.from(JSON.stringify(value));
}

/** The files under a folder in which any of these byte strings lies. */
export async function filesHolding(folder: string, wanted: readonly Uint8Array[]): Promise<string[]> {
  const holding: string[] = [];
  for await (const { place, chunks } of filesOf(folder)) {
    for await (const chunk of chunks) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (!wanted.some((one) => bytes.includes(Buffer.from(one)))) continue;
      holding.push(place);
      break;
    }
  }
  return holding;
}
