export { bearerToken, randomAccessToken, TokenDigest } from "./access-token.ts";
export { Audit, type Refusal } from "./audit.ts";
export { systemClock, type Clock } from "./clock.ts";
export { CodedError, codeOf, unexpectedError } from "./coded-error.ts";
export { documentConfig, type ConfigDoc } from "./config-docs.ts";
export { httpUrl, portNumber, postgresUrl } from "./config-values.ts";
export {
  defineConfig,
  secretVariable,
  variable,
  type ConfigDefinition,
  type ConfigFrom,
  type ConfigOf,
  type ConfigSpec,
  type ConfigVariable,
} from "./config.ts";
export { LOG_FIELDS, type LogField, type LogFields } from "./log-fields.ts";
export { createLog, LOG_LEVELS, type Log, type LogLevel, type LogOptions } from "./log.ts";
export { ServiceMetrics, type MetricUnit } from "./metrics.ts";
export { Outages, type OutagesOptions } from "./outages.ts";
export { Plaintext, Secret } from "./plaintext.ts";
export { PROBLEMS_PATH, serverProblems, type ProblemCatalogue, type ProblemDescription } from "./problem-catalogue.ts";
export { ProblemError, problemOf, type ProblemDocument } from "./problem.ts";
export { oneLine, runMain } from "./run-main.ts";
export { readSecretFile, writeSecretFile } from "./secret-file.ts";
export { ServiceError, serviceErrors, type ServiceErrorCode } from "./service-error.ts";
export { startService, type ClientBounds, type RunningService, type ServiceOptions } from "./start-service.ts";
export type { ServiceStrategy } from "./strategy.ts";
