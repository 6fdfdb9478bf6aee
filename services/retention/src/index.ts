export { RetentionError, retentionErrors, retentionProblems, type RetentionErrorCode } from "./errors.ts";
export { PURGE_STATES, type PurgeJob, type PurgeState } from "./purge/job.ts";
export type { PurgeFailpoints } from "./purge/ports.ts";
export type { RetentionStatus } from "./retention-status.ts";
export type { RetentionConfig, RetentionPorts } from "./retention.ports.ts";
export { startRetention, type RunningRetention } from "./start-retention.ts";
