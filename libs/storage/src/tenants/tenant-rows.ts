import { sql, type Kysely, type RawBuilder } from "kysely";
import type { AcrossReason } from "./row-scope.ts";

export interface TenantRows {
  readonly schema: string;
  readonly table: string;
  /** Reasons for which a transaction sees the rows of every tenant. None for what people wrote, sealed or not. */
  readonly across?: readonly AcrossReason[];
  /** Rows whose tenant could not be read, or that name none, may be written; `across` sees them, and no tenant. */
  readonly mayLackTenant?: boolean;
}

/**
 * For a migration: a table with `tenant_id` shows and takes rows of the transaction's tenants only, and none without one
 * (docs/adr/0017-rows-by-tenant.md). Its owner is bound by it as well, but for what the owner's own functions do, and what
 * a later step does, after `select set_config('cloister.across', 'owner', true)`. A partition is reached by its table only:
 * no role has a right on it.
 */
export async function protectTenantRows(db: Kysely<unknown>, rows: TenantRows): Promise<void> {
  const table = sql.id(rows.schema, rows.table);
  await sql`alter table ${table} enable row level security`.execute(db);
  await sql`alter table ${table} force row level security`.execute(db);
  await sql`create policy of_tenant on ${table} using (${isOfTenant})`.execute(db);
  await sql`create policy of_owner on ${table} to current_user using (${isAcross("owner")})`.execute(db);
  for (const reason of rows.across ?? []) {
    await sql`create policy ${sql.id(`across_${reason}`)} on ${table} using (${isAcross(reason)})`.execute(db);
  }
  if (rows.mayLackTenant !== true) return;
  await sql`create policy of_nobody on ${table} for insert with check (tenant_id is null)`.execute(db);
}

/**
 * What stands behind `where` of a view over a protected table: a view asks with its owner's rights, and an owner may be
 * above row-level security. Where nobody is bound by it (PGlite, whose one user is above it), nothing is left out.
 */
export function ofTenantsInView(schema: string, table: string): RawBuilder<unknown> {
  const name = `${quoted(schema)}.${quoted(table)}`;
  return sql`(${isOfTenant} or not (select row_security_active(${sql.lit(name)}::regclass)))`;
}

/** A sub-select is asked once a statement, not once a row. */
const isOfTenant = sql`tenant_id = any ((
  select nullif(current_setting('cloister.tenants', true), '')::bytea[])::bytea[])`;

const isAcross = (reason: AcrossReason | "owner"): RawBuilder<unknown> =>
  sql`(select current_setting('cloister.across', true)) = ${sql.lit(reason)}`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
