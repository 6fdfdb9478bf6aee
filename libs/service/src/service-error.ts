import { CodedError } from "./coded-error.ts";

/** Why a service did not start, or did not stop well. */
export const serviceErrors = {
  CONFIG_INVALID: {
    title: "Environment variables are missing or wrong",
    remedy: "Correct every variable that is named; see docs/configuration.md.",
  },
  START_FAILED: { title: "The service could not start", remedy: "The cause stands beside it: look that up." },
  SECRET_FILE_OPEN: {
    title: "A file with a secret can be read by others than its owner",
    remedy: "Whoever could read it may have: make a new secret, and run `chmod 600` on its file.",
  },
  SECRET_FILE_UNREADABLE: {
    title: "A file with a secret can't be read, or is empty",
    remedy: "Look whether the file that is named is there, and is the service's own user's.",
  },
  DRAIN_TIMEOUT: {
    title: "The service did not finish its work in time when it stopped",
    remedy: "What was unfinished is done by the next start; nothing is lost.",
  },
} as const;

export type ServiceErrorCode = keyof typeof serviceErrors;

export class ServiceError extends CodedError<ServiceErrorCode> {}
