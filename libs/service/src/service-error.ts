import { CodedError } from "./coded-error.ts";

/** Why a service did not start, or did not stop well. */
export const serviceErrors = {
  CONFIG_INVALID: {
    title: "Environment variables are missing or wrong",
    remedy: "Correct every variable that is named; see docs/configuration.md.",
  },
  START_FAILED: { title: "The service could not start", remedy: "The cause stands beside it: look that up." },
  DRAIN_TIMEOUT: {
    title: "The service did not finish its work in time when it stopped",
    remedy: "What was unfinished is done by the next start; nothing is lost.",
  },
} as const;

export type ServiceErrorCode = keyof typeof serviceErrors;

export class ServiceError extends CodedError<ServiceErrorCode> {}
