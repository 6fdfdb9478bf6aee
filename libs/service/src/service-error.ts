import { CodedError } from "./coded-error.ts";

export type ServiceErrorCode = "CONFIG_INVALID" | "START_FAILED" | "DRAIN_TIMEOUT";

export class ServiceError extends CodedError<ServiceErrorCode> {}
