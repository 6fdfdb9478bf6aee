import { CodedError } from "@cloister/service";

/** Why a command did not do what it was asked to. Closed: `docs/cli.md` says what to do about each. */
export type CliErrorCode =
  | "NOT_RUNNING"
  | "ACCESS_MISSING"
  | "FILE_UNREADABLE"
  | "FILE_UNWRITABLE"
  | "FILE_EXISTS"
  | "KEY_FILE_OPEN"
  | "TENANT_MALFORMED"
  | "TENANT_FOREIGN"
  | "POLICY_INCOMPLETE"
  | "POLICY_NOT_IN_FORCE"
  | "SERVICE_UNREACHABLE"
  | "ANSWER_MALFORMED"
  | "RECEIPT_UNVERIFIED"
  | "KNOWLEDGE_BASE_UNKNOWN"
  | "KNOWLEDGE_BASES_MALFORMED"
  | "KNOWLEDGE_BASES_BUSY"
  | "DOCUMENTS_BROKEN"
  | "INTERRUPTED"
  | "SERVICE_FAILED";

/** Its message is one sentence for the person at the terminal. */
export class CliError extends CodedError<CliErrorCode> {}

/** What the running system refused, with the system's own code and sentence. */
export class Refusal extends CodedError {}
