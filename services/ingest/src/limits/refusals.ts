import type { ProblemError } from "@cloister/service";

import { problem, type IngestProblem } from "../ingest.problems.ts";

export function tenantIsTooFast(waitMs: number): ProblemError {
  return tooMany("RATE_LIMITED", "The tenant sends more requests than are taken from one.", waitMs);
}

export function tenantHasTooManyStreams(): ProblemError {
  const detail = "The tenant has as many streams open as it may have. Close those that nobody reads.";
  return tooMany("TOO_MANY_STREAMS", detail, 5_000);
}

export function tenantHasTooManyRequests(): ProblemError {
  const detail = "The tenant has as many requests in work as it may have. Wait for answers before sending more.";
  return tooMany("TOO_MANY_OPEN_REQUESTS", detail, 1_000);
}

export function addressIsRefused(waitMs: number): ProblemError {
  const detail = "Too many requests without valid access came from this address. Send a valid access token later.";
  return tooMany("ADDRESS_LIMITED", detail, waitMs);
}

/** RFC 6585 section 4; Retry-After in whole seconds (RFC 9110 section 10.2.3). */
function tooMany(code: IngestProblem, detail: string, waitMs: number): ProblemError {
  return problem(code, detail, { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1_000))) });
}
