import { defaultClassify } from "@cloister/messaging";
import { CodedError, ProblemError, type ProblemCatalogue } from "@cloister/service";

import { ingestProblems } from "../ingest.problems.ts";

/** What is done with a record that was not accepted. */
export type Verdict =
  /** Later: nothing of the record is wrong. */
  | { readonly kind: "wait"; readonly code: string }
  /** Later, but not for ever: what it names may come to be known, or never. */
  | { readonly kind: "wait-a-while"; readonly code: string }
  /** Never. */
  | { readonly kind: "refuse"; readonly code: string; readonly isRetryable: boolean };

/** Of a policy that `keys` may be told of in a moment, and of a tenant whose first policy that is. */
const mayBecomeKnown = new Set(["POLICY_UNKNOWN", "TENANT_UNKNOWN"]);
/** A caller would be told to wait; a topic can. */
const hasToWait = new Set(["PARKING_FULL", "RATE_LIMITED"]);

/** What the doors would answer to the same bytes decides: 5xx and 429 say later, the others never. */
export function verdictOn(error: unknown): Verdict {
  if (error instanceof ProblemError) {
    const { code, status } = error;
    if (mayBecomeKnown.has(code)) return { kind: "wait-a-while", code };
    if (status >= 500 || hasToWait.has(code)) return { kind: "wait", code };
    return { kind: "refuse", code, isRetryable: isRetryable(code) };
  }
  const { kind, code } = defaultClassify(error);
  if (kind === "shared" || (error instanceof CodedError && error.isUnavailable)) return { kind: "wait", code };
  return { kind: "refuse", code, isRetryable: false };
}

/** Whether the sender may send the same bytes again later. */
function isRetryable(code: string): boolean {
  const known: ProblemCatalogue = ingestProblems;
  return known[code]?.isRetryable === true;
}
