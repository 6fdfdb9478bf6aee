import { ClientError } from "@cloister/client";
import { CodedError, codeOf } from "@cloister/service";

/** What to do about codes of the service and of the pure libraries, whose own sentences don't know this program. */
const sentences: Readonly<Record<string, string>> = {
  TOKEN_UNKNOWN:
    "The system knows no such access token: was it made for this deployment, or by an earlier start of it?",
  UNREACHABLE: "Nothing answers at the system's address, or the connection broke off: does it run, and is --url right?",
  TENANT_UNKNOWN: "The system knows no such tenant: its first policy makes it, `cloister policy apply`.",
  POLICY_STALE: "A newer policy is in force and versions only grow: sign one with a higher --version.",
  POLICY_EXPIRED: "The policy is expired or not yet in force: sign a new version with `cloister policy sign`.",
  NOTE_MALFORMED: "The file is no signed policy, or only a part of one.",
  NOTE_UNSIGNED: "The tenant's newest root didn't sign this policy.",
  SIGNATURE_INVALID: "The policy was changed after it was signed: nothing of it counts.",
  MEASUREMENT_NOT_ALLOWED:
    "The policy in force doesn't allow the code that runs. If it was updated on purpose, sign and apply a new version.",
};

/** `cloister: CODE: one sentence.` Of an error that isn't ours nothing but its code: its message may quote anything. */
export function errorLine(error: unknown): string {
  const { code, sentence } = explained(error);
  return `cloister: ${code}: ${sentence}`;
}

/** The code of an error and a sentence for a person. */
export function explained(error: unknown): { readonly code: string; readonly sentence: string } {
  if (error instanceof ClientError) return known(error.problem ?? error.code, error.message);
  if (error instanceof CodedError) return { code: codeOf(error), sentence: withCause(codeOf(error), error) };
  if (isOfAPureLibrary(error)) return known(error.code, error.message);
  return { code: codeOf(error), sentence: "Stopped by an error that nobody foresaw; please report it with its code." };
}

function known(code: string, message: string): { readonly code: string; readonly sentence: string } {
  return { code, sentence: sentences[code] ?? message };
}

/** A start fails for somebody else's reason; every other sentence says its own. */
function withCause(code: string, { message, cause }: Error): string {
  return code === "START_FAILED" && cause instanceof CodedError
    ? `${message} (${codeOf(cause)}: ${cause.message})`
    : message;
}

/** Pure libraries know no CodedError; their messages hold no data either. */
function isOfAPureLibrary(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && ["PolicyError", "AuditError", "AttestationError"].includes(error.name);
}
