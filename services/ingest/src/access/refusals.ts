import type { ProblemError } from "@cloister/service";

import { problem, type IngestProblem } from "../ingest.problems.ts";
import type { Scope } from "./scopes.ts";

const realm = 'Bearer realm="cloister"';

/** RFC 6750 section 3.1: a request without a credential is told no error code. */
export function unauthenticated(): ProblemError {
  return problem("UNAUTHENTICATED", "Send an access token as Authorization: Bearer.", { "www-authenticate": realm });
}

export function tokenUnknown(): ProblemError {
  return invalidToken("TOKEN_UNKNOWN", "No such access token is known here. Was it made for this deployment?");
}

export function tokenExpired(): ProblemError {
  return invalidToken("TOKEN_EXPIRED", "The access token has expired. Make a new one.");
}

export function tokenRevoked(): ProblemError {
  return invalidToken("TOKEN_REVOKED", "The access token was revoked. Ask whoever gave it to you for another.");
}

/** @param detail a sentence without quotation marks or backslashes: it also stands in the header */
export function invalidToken(code: IngestProblem, detail: string): ProblemError {
  const challenge = `${realm}, error="invalid_token", error_description="${detail}"`;
  return problem(code, detail, { "www-authenticate": challenge });
}

/** RFC 6750 section 3.1: the challenge names what would have been enough. */
export function insufficientScope(needed: Scope, detail = `The access token lacks the scope ${needed}.`): ProblemError {
  const challenge = `${realm}, error="insufficient_scope", scope="${needed}"`;
  return problem("INSUFFICIENT_SCOPE", detail, { "www-authenticate": challenge });
}
