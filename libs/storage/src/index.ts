export { openDatabase, schemaOf, type Database, type DatabaseOptions } from "./database.ts";
export { InProcessLiveFrames, MAX_LIVE_FRAME_BYTES, type LiveFrames } from "./live-frames.ts";
export { checkMigrated, migrate, type Migrations, type SchemaMigration } from "./migrate.ts";
export { isOutage, isTransient, sqlState } from "./outage.ts";
export {
  dropPartition,
  ensurePartitions,
  listPartitions,
  PartitionKeeper,
  type PartitionedTable,
} from "./partitions.ts";
export { databaseOver } from "./pglite.ts";
export { StorageError, storageErrors, type StorageErrorCode } from "./storage-error.ts";
export { inTransaction, onDatabase } from "./transaction.ts";
export { InProcessWakeUps } from "./in-process-wake-ups.ts";
export { wakeUpsFor } from "./wake-ups-for.ts";
export type { Unsubscribe, WakeUps } from "./wake-ups.ts";
