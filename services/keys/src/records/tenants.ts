import { ofTenants, onDatabase } from "@cloister/storage";
import type { Kysely } from "kysely";
import { KeysError } from "../errors.ts";
import type { KeysTables, PolicyRow, TenantRow } from "./tables.ts";

export async function findTenant(db: Kysely<KeysTables>, tenantId: Uint8Array): Promise<TenantRow | undefined> {
  return onDatabase(ofTenants([tenantId]), () =>
    db.selectFrom("tenant").selectAll().where("tenant_id", "=", tenantId).executeTakeFirst(),
  );
}

/** Keeps the row that is there when two first policies come at once. */
export async function insertTenant(db: Kysely<KeysTables>, row: TenantRow): Promise<void> {
  await onDatabase(ofTenants([row.tenant_id]), () =>
    db
      .insertInto("tenant")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  );
}

/** @throws KeysError UNAVAILABLE when somebody replaced it meanwhile: the transaction is to be given up */
export async function replaceWrappingKey(
  db: Kysely<KeysTables>,
  tenantId: Uint8Array,
  before: Uint8Array,
  after: Uint8Array,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable("tenant")
    .set({ wrapped_wrapping_key: after })
    .where("tenant_id", "=", tenantId)
    .where("wrapped_wrapping_key", "=", before)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return;
  throw new KeysError("UNAVAILABLE", "The tenant's keys were moved to another KEK at the same time: try again.");
}

/** @throws KeysError UNAVAILABLE when somebody replaced it meanwhile: the transaction is to be given up */
export async function replaceIssuerKey(
  db: Kysely<KeysTables>,
  tenantId: Uint8Array,
  before: Uint8Array,
  after: Pick<TenantRow, "wrapped_issuer_key" | "wrapped_former_issuers">,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable("tenant")
    .set(after)
    .where("tenant_id", "=", tenantId)
    .where("wrapped_issuer_key", "=", before)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return;
  throw new KeysError(
    "UNAVAILABLE",
    "The tenant's issuer key was rotated at the same time: look before you try again.",
  );
}

export async function findNewestPolicy(db: Kysely<KeysTables>, tenantId: Uint8Array): Promise<PolicyRow | undefined> {
  return onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("policy")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .orderBy("version", "desc")
      .limit(1)
      .executeTakeFirst(),
  );
}

export async function findPolicy(
  db: Kysely<KeysTables>,
  tenantId: Uint8Array,
  version: number,
): Promise<PolicyRow | undefined> {
  return onDatabase(ofTenants([tenantId]), () =>
    db
      .selectFrom("policy")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .where("version", "=", version)
      .executeTakeFirst(),
  );
}

/** False when that version is there already: then nothing is written. */
export async function insertPolicy(db: Kysely<KeysTables>, row: PolicyRow): Promise<boolean> {
  const inserted = await onDatabase(ofTenants([row.tenant_id]), () =>
    db
      .insertInto("policy")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .returning("version")
      .executeTakeFirst(),
  );
  return inserted !== undefined;
}
