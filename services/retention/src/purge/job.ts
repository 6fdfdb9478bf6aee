import type { Purpose } from "@cloister/policy";

/** The states of a purge, in order. Keys go first: from then on what is left can't be read, dropped or not. */
export const PURGE_STATES = ["planned", "keys-destroyed", "stores-dropped", "verified", "receipted"] as const;

export type PurgeState = (typeof PURGE_STATES)[number];

/** A bucket key of `keys`, by name. */
export interface DueKey {
  /** 32 hex digits. */
  readonly tenantIdHex: string;
  readonly purpose: Purpose;
  readonly bucketEndMs: number;
}

/** What the operator's stores lost, for the receipt's operator-asserted part. */
export interface Dropped {
  /** `redaction.map_entry`. */
  readonly table: string;
  readonly partitions: number;
  readonly rows: number;
}

/** One tenant's part of a purge. */
export interface TenantTombstones {
  readonly tenantIdHex: string;
  readonly tombstoneIdsHex: readonly string[];
}

/** One purge, as its row says it. Everything that a later state needs is in it, so a killed purge goes on where it was. */
export interface PurgeJob {
  readonly id: string;
  readonly state: PurgeState;
  /** Everything that ended at or before this time goes. */
  readonly dueAtMs: number;
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  readonly keys: readonly DueKey[];
  readonly tombstones: readonly TenantTombstones[];
  readonly dropped: readonly Dropped[];
}
