import { ProblemError } from "@cloister/service";

/** Every refusal of ingest's own with its HTTP status. 503 says: the same request, later. */
const statuses = {
  MALFORMED: 400,
  WRONG_STAGE: 400,
  UNSUPPORTED_SUITE: 400,
  UNAUTHENTICATED: 401,
  TOKEN_UNKNOWN: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_REVOKED: 401,
  FORBIDDEN_TENANT: 403,
  INSUFFICIENT_SCOPE: 403,
  POLICY_EXPIRED: 403,
  TOKEN_NOT_FOUND: 404,
  ID_REUSED: 409,
  TOKEN_LIMIT: 409,
  EXPIRED: 410,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RETENTION_TOO_LONG: 422,
  RESIDENCY_VIOLATION: 422,
  POLICY_REFUSED: 422,
  POLICY_UNKNOWN: 503,
  AUTHORITY_UNAVAILABLE: 503,
  DRAINING: 503,
} as const;

export type IngestProblem = keyof typeof statuses;

/** @param detail a sentence for whoever sent the request: what happened and what to do */
export function problem(
  code: IngestProblem,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): ProblemError {
  const status = statuses[code];
  return new ProblemError(code, status, detail, status === 503 ? { "retry-after": "1", ...headers } : headers);
}
