import type { Database } from "@cloister/storage";
import { sql } from "kysely";

export interface CatalogueTable {
  readonly schema: string;
  readonly name: string;
  readonly isView: boolean;
  readonly isPartitioned: boolean;
}

/** Tables and views of our schemas; partitions and what Kysely keeps are left out. */
export async function tablesOf(db: Database, schemas: readonly string[]): Promise<CatalogueTable[]> {
  const { rows } = await sql<CatalogueTable>`
    select nspname as schema, relname as name, relkind = 'v' as "isView", relkind = 'p' as "isPartitioned"
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in (${sql.join(schemas)}) and relkind in ('r', 'p', 'v') and not relispartition
      and relname not like 'kysely%' order by 1, 2`.execute(db.kysely);
  return rows;
}

export interface CatalogueColumn {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** The length that a check of the table asks for. */
  readonly length: number | null;
  readonly isGenerated: boolean;
}

export async function columnsOf(db: Database, { schema, name }: CatalogueTable): Promise<CatalogueColumn[]> {
  const { rows } = await sql<CatalogueColumn>`
    select attname as name, format_type(atttypid, null) as type, attnotnull as "isRequired",
      pg_get_expr(adbin, adrelid) like 'nextval%' is true as "isGenerated",
      (select max((regexp_match(pg_get_constraintdef(c.oid), 'length\\(' || attname || '\\) = (\\d+)'))[1]::integer)
        from pg_constraint c where conrelid = attrelid and contype = 'c') as length
    from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = ${`"${schema}"."${name}"`}::regclass and attnum > 0 and not attisdropped
    order by attnum`.execute(db.kysely);
  return rows;
}
