export type { AccessOptions, MissingAccess } from "./access/service-access.ts";
export {
  bucketEnding,
  bucketMaking,
  serviceRoles,
  type OwnedSchema,
  type SchemaGrant,
  type ServiceRole,
  type TableRight,
} from "./access/owned-schema.ts";
export { openDatabase, schemaOf, type Database, type DatabaseOptions, type SchemaPreparation } from "./database.ts";
export { databaseOptions, databaseVariables } from "./database-variables.ts";
export { InProcessLiveFrames, MAX_LIVE_FRAME_BYTES, type LiveFrames } from "./live-frames.ts";
export {
  checkMigrated,
  migrate,
  prepareSchema,
  schemaState,
  type Migrations,
  type SchemaMigration,
  type SchemaState,
} from "./migrations/migrate.ts";
export {
  applyToDatabase,
  planDatabase,
  type AppliedPlan,
  type DatabasePlan,
  type PlanOptions,
} from "./migrations/database-plan.ts";
export { statementsOf } from "./migrations/statements.ts";
export { isOutage, isStatementTimeout, isTransient, isUnfit, sqlState } from "./outage.ts";
export { untrustedCertificates } from "./untrusted-certificates.ts";
export {
  dropPartition,
  endRows,
  ensurePartitions,
  listPartitions,
  PartitionKeeper,
  type PartitionedTable,
  type TableOfEndingRows,
} from "./partitions.ts";
export { databaseOver } from "./pglite.ts";
export { StorageError, storageErrors, type StorageErrorCode } from "./storage-error.ts";
export { acrossTenants, noTenant, ofTenants, type AcrossReason, type RowScope } from "./tenants/row-scope.ts";
export { ofTenantsInView, protectTenantRows, type TenantRows } from "./tenants/tenant-rows.ts";
export { inTransaction, onDatabase, oneStatement } from "./transaction.ts";
export { InProcessWakeUps } from "./in-process-wake-ups.ts";
export { wakeUpsFor } from "./wake-ups-for.ts";
export type { Unsubscribe, WakeUps } from "./wake-ups.ts";
