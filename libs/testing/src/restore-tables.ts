import type { PGlite } from "@electric-sql/pglite";

/** Schemas and tables (partitions are tables) by their quoted names, and which of the tables have rows. */
export interface TablesOf {
  readonly schemas: ReadonlySet<string>;
  readonly tables: ReadonlySet<string>;
  /** Of migrations: rows that belong to the schema. */
  readonly filled: ReadonlySet<string>;
}

/** What is in a database whose state is to be restored later. */
export async function readTables(pglite: PGlite): Promise<TablesOf> {
  const { schemas, tables } = await namesIn(pglite);
  const filled = new Set<string>();
  for (const table of tables) {
    const { rows } = await pglite.query(`select 1 from ${table} limit 1`);
    if (rows.length > 0) filled.add(table);
  }
  return { schemas, tables, filled };
}

/**
 * Drops what came since and empties what was empty. False when something of then is gone, which this can't bring back.
 */
export async function restoreTables(pglite: PGlite, then: TablesOf): Promise<boolean> {
  const now = await namesIn(pglite);
  if (missing(then.schemas, now.schemas).length > 0 || missing(then.tables, now.tables).length > 0) return false;
  const statements = [
    ...missing(now.schemas, then.schemas).map((schema) => `drop schema ${schema} cascade`),
    ...missing(now.tables, then.tables).map((table) => `drop table if exists ${table} cascade`),
  ];
  const emptied = missing(then.tables, then.filled);
  if (emptied.length > 0) statements.push(`truncate ${emptied.join(", ")} restart identity cascade`);
  await pglite.exec(statements.join(";\n"));
  return true;
}

/** What of `names` is not among `present`. */
function missing(names: ReadonlySet<string>, present: ReadonlySet<string>): string[] {
  return [...names].filter((name) => !present.has(name));
}

async function namesIn(pglite: PGlite): Promise<{ schemas: Set<string>; tables: Set<string> }> {
  const { rows } = await pglite.query<{ schema: string; table: string | null }>(
    `select quote_ident(nspname) as schema, quote_ident(relname) as table
       from pg_namespace left join pg_class on relnamespace = pg_namespace.oid and relkind in ('r', 'p')
      where nspname not like 'pg\\_%' and nspname <> 'information_schema'`,
  );
  return {
    schemas: new Set(rows.map(({ schema }) => schema)),
    tables: new Set(rows.flatMap(({ schema, table }) => (table === null ? [] : [`${schema}.${table}`]))),
  };
}
