import { sql, type Kysely, type RawBuilder } from "kysely";
import type { SchemaMigration } from "./migrate.ts";

/** What a service needs to make partitions ahead. Signatures as GRANT takes them. */
export const makingFunctions = ["make_bucket(text, bigint)"] as const;

/** What retention needs to end rows; it needs no right on any table. */
export const endingFunctions = ["drop_bucket(text, bigint)", "end_rows(text, bigint)"] as const;

/**
 * Buckets are made, dropped and counted by functions of the schema's owner, so that no service needs the right to change
 * a table, and retention none to read one. Each names the schema itself, looks its table up in the catalogue before it
 * uses the name, and finds its own words in pg_catalog only.
 */
export const bucketFunctions: SchemaMigration = {
  async up(db, schema) {
    for (const make of [makeBucket, dropBucket, endRows]) await make(db, schema);
    for (const signature of [...makingFunctions, ...endingFunctions]) {
      await sql`revoke all on function ${functionOf(schema, signature)} from public`.execute(db);
    }
  },
};

/** `make_bucket(text, bigint)` with its schema, for GRANT and REVOKE. Signatures are constants of ours. */
export function functionOf(schema: string, signature: string): RawBuilder<unknown> {
  return sql`${sql.id(schema)}.${sql.raw(signature)}`;
}

const OWNERS = sql.raw("language plpgsql security definer set search_path = pg_catalog, pg_temp");

/** A table with buckets is one of this schema that is partitioned by a list of bucket_end_ms alone. */
function requireBuckets(schema: string): RawBuilder<unknown> {
  return sql`
    if not exists (
      select from pg_partitioned_table
      join pg_class on pg_class.oid = partrelid
      join pg_attribute on attrelid = partrelid and attnum = partattrs[0]
      where relnamespace = ${sql.lit(schema)}::regnamespace and relname = table_name
        and partstrat = 'l' and partnatts = 1 and attname = 'bucket_end_ms'
    ) then
      raise exception 'no table % has buckets here', table_name using errcode = 'undefined_table';
    end if;
    if bucket_end_ms is null or bucket_end_ms not between 1 and 9007199254740991 then
      raise exception 'a bucket ends at a time in milliseconds' using errcode = 'invalid_parameter_value';
    end if;`;
}

async function makeBucket(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`
    create function ${sql.id(schema, "make_bucket")}(table_name text, bucket_end_ms bigint) returns void ${OWNERS} as $$
    begin
      ${requireBuckets(schema)}
      execute format('create table if not exists %1$I.%2$I partition of %1$I.%3$I for values in (%4$s)',
        ${sql.lit(schema)}, table_name || '_b' || bucket_end_ms, table_name, bucket_end_ms);
    exception
      -- Another session made it meanwhile.
      when duplicate_table or duplicate_object or unique_violation then null;
    end $$`.execute(db);
}

/** How many rows went with the bucket; null when there was no such bucket. */
async function dropBucket(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`
    create function ${sql.id(schema, "drop_bucket")}(table_name text, bucket_end_ms bigint) returns bigint ${OWNERS} as $$
    declare
      bucket text := table_name || '_b' || bucket_end_ms;
      ended bigint;
    begin
      ${requireBuckets(schema)}
      if not exists (
        select from pg_inherits join pg_class child on child.oid = inhrelid join pg_class parent on parent.oid = inhparent
        where child.relnamespace = ${sql.lit(schema)}::regnamespace and child.relname = bucket
          and parent.relnamespace = child.relnamespace and parent.relname = table_name
      ) then
        return null;
      end if;
      begin
        execute format('select count(*) from %I.%I', ${sql.lit(schema)}, bucket) into ended;
        execute format('drop table if exists %I.%I', ${sql.lit(schema)}, bucket);
        return ended;
      exception
        -- Another session dropped it meanwhile.
        when undefined_table then return null;
      end;
    end $$`.execute(db);
}

/** Deletes the rows of a table without buckets that ended by then, by its column that says so; returns how many. */
async function endRows(db: Kysely<unknown>, schema: string): Promise<void> {
  await sql`
    create function ${sql.id(schema, "end_rows")}(table_name text, due_at_ms bigint) returns bigint ${OWNERS} as $$
    declare
      ending text;
      ended bigint;
    begin
      select attname into ending from pg_class join pg_attribute on attrelid = pg_class.oid
      where relnamespace = ${sql.lit(schema)}::regnamespace and relname = table_name and relkind = 'r'
        and not relispartition and attname in ('expires_at_ms', 'last_bucket_end_ms') and not attisdropped;
      if ending is null then
        raise exception 'no table % has rows that end here', table_name using errcode = 'undefined_table';
      end if;
      if due_at_ms is null or due_at_ms not between 1 and 9007199254740991 then
        raise exception 'rows end at a time in milliseconds' using errcode = 'invalid_parameter_value';
      end if;
      -- What it opens is open to the owner alone (see tenant-rows.ts).
      perform set_config('cloister.across', 'owner', true);
      execute format('delete from %I.%I where %I <= $1', ${sql.lit(schema)}, table_name, ending) using due_at_ms;
      get diagnostics ended = row_count;
      perform set_config('cloister.across', '', true);
      return ended;
    end $$`.execute(db);
}
