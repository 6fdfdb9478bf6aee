import { keysErrors } from "@cloister/contracts/keys/errors";
import { ProblemError, type ProblemCatalogue } from "@cloister/service";

/** Every refusal of ingest's own. 503 says: the same request, later. */
export const ingestProblems = {
  MALFORMED: {
    title: "The body, an id, a header or a parameter is not in its form",
    remedy: "Send it as the API document says; the detail names what is wrong.",
    httpStatus: 400,
  },
  WRONG_STAGE: {
    title: "The envelope is not a client's message",
    remedy: "Send envelopes of stage INBOUND only.",
    httpStatus: 400,
  },
  UNSUPPORTED_SUITE: { title: "The cipher suite is unknown here", remedy: "Seal with suite 1 or 2.", httpStatus: 400 },
  UNAUTHENTICATED: {
    title: "The request has no access token",
    remedy: "Send one as `Authorization: Bearer`.",
    httpStatus: 401,
  },
  TOKEN_UNKNOWN: {
    title: "The access token is not known here",
    remedy: "Look whether it was made for this deployment, and whether it is whole.",
    httpStatus: 401,
  },
  TOKEN_EXPIRED: {
    title: "The access token has expired",
    remedy: "Make a new one: `cloister token create`.",
    httpStatus: 401,
  },
  TOKEN_REVOKED: {
    title: "The access token was revoked",
    remedy: "Ask whoever gave it to you for another.",
    httpStatus: 401,
  },
  TOKEN_INVALID: {
    title: "The access token is not what its issuer signed",
    remedy: "Get a new one from the issuer: signed with an asymmetric algorithm, by a key of its key set.",
    httpStatus: 401,
  },
  TOKEN_NOT_YET_VALID: {
    title: "The access token is not valid yet",
    remedy: "Wait until it is, or set the clocks of issuer and ingest right.",
    httpStatus: 401,
  },
  TOKEN_ISSUER_UNKNOWN: {
    title: "No tenant here trusts the access token's issuer",
    remedy: "Log in at the tenant's issuer, or have it configured: `CLOISTER_INGEST_OIDC_ISSUERS`.",
    httpStatus: 401,
  },
  TOKEN_AUDIENCE_WRONG: {
    title: "The access token is for another audience",
    remedy: "Ask the issuer for a token with the audience of this deployment.",
    httpStatus: 401,
  },
  FORBIDDEN_TENANT: {
    title: "Token, header and message don't name one tenant",
    remedy: "Use a token of the tenant that the request speaks of.",
    httpStatus: 403,
  },
  INSUFFICIENT_SCOPE: {
    title: "The access token may not do this",
    remedy: "Use a token with the scope that the WWW-Authenticate header names.",
    httpStatus: 403,
  },
  POLICY_EXPIRED: {
    title: "The tenant's policy is expired or not yet in force",
    remedy: "Have the tenant sign and apply a new version.",
    httpStatus: 403,
  },
  TOKEN_NOT_FOUND: {
    title: "The tenant has no such access token",
    remedy: "Look at the ids that `cloister token list` prints.",
    httpStatus: 404,
  },
  ID_REUSED: {
    title: "The id was used for other bytes",
    remedy: "Give the message an id of its own; the same bytes may be sent again.",
    httpStatus: 409,
  },
  TOKEN_LIMIT: {
    title: "There are as many access tokens as there may be",
    remedy: "Revoke what is not used any more.",
    httpStatus: 409,
  },
  EXPIRED: {
    title: "The message's bucket has ended",
    remedy: "Renew the conversation and seal the message anew.",
    httpStatus: 410,
  },
  TOO_LARGE: {
    title: "The body or message is larger than this door takes",
    remedy: "Send less at a time: a body has at most 512 KiB, a message at most 256 KiB of text.",
    httpStatus: 413,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    title: "This door does not take a body of that content type",
    remedy: "Send the content type that the API document names for the door.",
    httpStatus: 415,
  },
  RETENTION_TOO_LONG: {
    title: "The message would be kept longer than the policy allows",
    remedy: "Renew the conversation and seal the message anew.",
    httpStatus: 422,
  },
  RESIDENCY_VIOLATION: {
    title: "The policy doesn't let this region take the message",
    remedy: "Send to a cell in a region that the policy names.",
    httpStatus: 422,
  },
  POLICY_REFUSED: {
    title: "The policy refuses the message",
    remedy: "The detail says why; seal it as the policy in force asks.",
    httpStatus: 422,
  },
  RATE_LIMITED: {
    title: "The tenant sends more requests than are taken from one",
    remedy: "Wait as long as Retry-After says, and send more slowly.",
    httpStatus: 429,
    isRetryable: true,
  },
  TOO_MANY_STREAMS: {
    title: "The tenant has as many streams of replies open as it may have",
    remedy: "Close those that nobody reads.",
    httpStatus: 429,
    isRetryable: true,
  },
  TOO_MANY_OPEN_REQUESTS: {
    title: "The tenant has as many requests in work as it may have",
    remedy: "Wait for answers before sending more.",
    httpStatus: 429,
    isRetryable: true,
  },
  ADDRESS_LIMITED: {
    title: "Too many requests without valid access came from this address",
    remedy: "Wait as long as Retry-After says, and send a valid access token.",
    httpStatus: 429,
    isRetryable: true,
  },
  PARKING_FULL: {
    title: "So many of the tenant's messages wait that no more are taken",
    remedy: "Wait as long as Retry-After says, and look at what they wait for, such as the tenant's key management.",
    httpStatus: 429,
    isRetryable: true,
  },
  POLICY_UNKNOWN: {
    title: "The message names a policy that is not known here yet",
    remedy: "Send it again in a second, or apply the policy first.",
    httpStatus: 503,
    isRetryable: true,
  },
  AUTHORITY_UNAVAILABLE: {
    title: "The key service can't be reached",
    remedy: "Send the same request again shortly.",
    httpStatus: 503,
    isRetryable: true,
  },
  ISSUER_UNAVAILABLE: {
    title: "The access token's issuer can't be asked for its keys",
    remedy: "Send the same request again shortly.",
    httpStatus: 503,
    isRetryable: true,
  },
  DRAINING: {
    title: "This instance is stopping",
    remedy: "Connect again: another instance answers.",
    httpStatus: 503,
    isRetryable: true,
  },
} as const satisfies ProblemCatalogue;

export type IngestProblem = keyof typeof ingestProblems;

/** @param detail a sentence for whoever sent the request: what happened and what to do */
export function problem(
  code: IngestProblem,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): ProblemError {
  const { httpStatus, title } = ingestProblems[code];
  const answerHeaders = httpStatus === 503 ? { "retry-after": "1", ...headers } : headers;
  return new ProblemError(code, httpStatus, detail, answerHeaders, title);
}

/** What ingest refuses, and what it passes on of `keys`. Where a code is both, the client reads it as ingest's. */
export const problemsAtTheDoors: ProblemCatalogue = { ...passedOn(), ...ingestProblems };

function passedOn(): ProblemCatalogue {
  return Object.fromEntries(
    Object.entries(keysErrors).flatMap(([code, description]) =>
      "httpStatus" in description ? [[code, description] as const] : [],
    ),
  );
}
