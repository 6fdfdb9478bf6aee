import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Why a transaction has to see rows whatever their tenant is. Only the tables whose policies name the reason show them:
 * `protocol`: who waits and what died, for the consumers and the operations door; `access`: tokens before their tenant is
 * known, and whose messages are refused; `lifecycle`: which keys of `keys` are due; `receipts`: for retention's status.
 */
export type AcrossReason = "protocol" | "access" | "lifecycle" | "receipts";

/** Whose rows a transaction may see and write. Made by the functions below alone. */
export interface RowScope {
  /** 16 bytes each. */
  readonly tenantIds: readonly Uint8Array[];
  readonly across?: AcrossReason;
}

/** Rows of these tenants. None: no row of anybody's. */
export function ofTenants(tenantIds: readonly Uint8Array[], across?: AcrossReason): RowScope {
  return { tenantIds, ...(across && { across }) };
}

/** Rows of every tenant, in the tables that allow it for this reason. */
export function acrossTenants(across: AcrossReason): RowScope {
  return { tenantIds: [], across };
}

/** For tables whose rows belong to no tenant. */
export const noTenant: RowScope = { tenantIds: [] };

const current = new AsyncLocalStorage<RowScope>();

/** What is asked of the database in `work` is asked under this scope. */
export function underScope<T>(scope: RowScope, work: () => Promise<T>): Promise<T> {
  return current.run(scope, work);
}

/** The settings of a transaction as SQL, with nothing in it that wasn't made here; undefined when there are none. */
export function scopeSettings(): string | undefined {
  const scope = current.getStore();
  if (scope === undefined) return undefined;
  const { tenantIds, across } = scope;
  const settings: string[] = [];
  if (tenantIds.length > 0) {
    const distinct = new Set(tenantIds.map((id) => Buffer.from(id).toString("hex")));
    const list = [...distinct].map((hex) => `"\\\\x${hex}"`).join(",");
    settings.push(`set local cloister.tenants = '{${list}}'`);
  }
  if (across !== undefined) settings.push(`set local cloister.across = '${across}'`);
  return settings.length === 0 ? undefined : settings.join("; ");
}
