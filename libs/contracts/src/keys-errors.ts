/**
 * Why `keys` refused: the closed set of codes that callers of its three services switch on. Stable. With `httpStatus`
 * ingest passes a refusal on to a client; codes without one are between services, and a client learns of an outage.
 */
export const keysErrors = {
  MALFORMED: {
    title: "A field of the request is not in its form",
    remedy: "Make the request with the SDK of this version.",
    httpStatus: 400,
  },
  UNAUTHENTICATED: {
    title: "ingest's credential for the key service is missing or wrong",
    remedy: "The operator gives ingest the credential of the Authority door.",
  },
  TENANT_UNKNOWN: {
    title: "No policy of this tenant was applied here",
    remedy: "Apply the tenant's first policy: it makes the tenant.",
    httpStatus: 404,
  },
  POLICY_INVALID: {
    title: "The policy, its signatures or its roots don't verify",
    remedy: "Look at the policy with `cloister policy show`, correct it and sign it again.",
    httpStatus: 400,
  },
  POLICY_FOREIGN: {
    title: "The policy is of another tenant or another history of roots",
    remedy: "Send every rotation of the root, and the tenant's own policy.",
    httpStatus: 403,
  },
  POLICY_STALE: {
    title: "A newer policy of the tenant is in force",
    remedy: "Versions only grow: sign a higher one.",
    httpStatus: 422,
  },
  POLICY_CONFLICT: {
    title: "Another text is in force under this version",
    remedy: "Sign it under the next version.",
    httpStatus: 409,
  },
  POLICY_EXPIRED: {
    title: "The tenant's policy is expired or not yet in force",
    remedy: "Sign a new version and apply it.",
    httpStatus: 403,
  },
  DEVELOPMENT_REFUSED: {
    title: "A policy marked development is not accepted by this build",
    remedy: "Sign one without the mark.",
    httpStatus: 422,
  },
  DEVELOPMENT_POLICY_REQUIRED: {
    title: "This deployment can't give all that the preset requires",
    remedy: "Mark the policy as development, or use a deployment with the hardware that it names.",
    httpStatus: 422,
  },
  ADMISSION_REQUIRED: {
    title: "Opening a conversation needs an admission statement",
    remedy: "Have the tenant's backend sign one for the client's keys.",
    httpStatus: 403,
  },
  ADMISSION_INVALID: {
    title: "The admission is of other keys, another tenant or an unknown issuer",
    remedy: "Have it signed by an issuer that the policy names, for the keys that open the conversation.",
    httpStatus: 403,
  },
  ADMISSION_EXPIRED: {
    title: "The admission is expired, not yet valid, or valid for too long",
    remedy: "Ask for a new one, and compare the clocks.",
    httpStatus: 403,
  },
  SIGNATURE_INVALID: {
    title: "The request is not signed by the key that has to sign it",
    remedy: "Sign with the key that opened the conversation.",
    httpStatus: 403,
  },
  REQUEST_EXPIRED: {
    title: "The request is not of now, or not newer than the last one",
    remedy: "Make a new request, and compare the clocks.",
    httpStatus: 422,
  },
  ID_REUSED: {
    title: "The conversation id or the admission was used for another conversation",
    remedy: "Choose new random bytes and ask for a new admission.",
    httpStatus: 409,
  },
  CONVERSATION_UNKNOWN: {
    title: "No such conversation of this tenant was opened here",
    remedy: "Open a conversation first; look at tenant and id.",
    httpStatus: 404,
  },
  SESSION_UNKNOWN: {
    title: "The instance's session is unknown or has expired",
    remedy: "The instance begins a new one by itself.",
    isRetryable: true,
  },
  CHANNEL_MISMATCH: {
    title: "The session belongs to a connection with other TLS keys",
    remedy: "Find out who stands between the instance and `keys`, or who has the session's id: nothing was given out.",
  },
  TOO_MANY_CALLS: {
    title: "One instance or tenant asks more than `keys` answers to one",
    remedy: "It is asked again by itself, later; if it stays so, raise the rates of `keys` or find out who asks.",
    isRetryable: true,
  },
  UNLOCKS_FULL: {
    title: "The key service holds as many tenants' credentials as it may",
    remedy: "Ask whoever runs it: another key service takes further tenants.",
    httpStatus: 503,
    isRetryable: true,
  },
  EVIDENCE_REJECTED: {
    title: "An instance's evidence was refused",
    remedy: "The operator looks at the instance's program, configuration and clock.",
  },
  SEQUENCE_REUSED: {
    title: "A request for keys repeats a sequence number",
    remedy: "The instance asks again by itself; if it stays so, somebody replays.",
    isRetryable: true,
  },
  MEASUREMENT_NOT_ALLOWED: {
    title: "The tenant's policy doesn't allow what runs: its program, its settings or its machine",
    remedy:
      "If it was updated on purpose, sign a policy that names its measurement; if not, look at the machine: its firmware, region and GPU.",
    httpStatus: 403,
  },
  PURPOSE_NOT_ALLOWED: {
    title: "The role is not given keys of this purpose",
    remedy: "Nothing to do for a caller: the table of purposes is part of the design.",
    httpStatus: 403,
  },
  BUCKET_INVALID: {
    title: "No key of that bucket may be used by this conversation",
    remedy: "Renew the conversation and seal anew.",
    httpStatus: 400,
  },
  KEY_EXPIRED: {
    title: "The bucket has ended, and its key is refused",
    remedy: "Nothing opens it any more, which is what retention is for.",
    httpStatus: 422,
  },
  KEY_DESTROYED: {
    title: "The conversation or bucket has ended and its key was destroyed",
    remedy: "Open a new conversation.",
    httpStatus: 422,
  },
  KEY_CORRUPT: {
    title: "A wrapped key does not open under its own name: it was changed or moved",
    remedy: "The operator restores the database of `keys`.",
  },
  NOT_DUE: {
    title: "The bucket has not ended, so its key is not destroyed",
    remedy: "Erase single conversations instead.",
  },
  TOMBSTONE_UNKNOWN: {
    title: "No such tombstone of this tenant stands",
    remedy: "Ask for receipts of what was destroyed.",
  },
  KMS_CREDENTIAL_UNTRUSTED: {
    title: "The KMS would be asked with a credential that the operator can use, too",
    remedy:
      "Run the key service yourself (custody `hyok`), use a KMS that checks evidence, or accept it in the policy: `kmsTrust`.",
    httpStatus: 422,
  },
  ROTATED_LATELY: {
    title: "The tenant's issuer key is less than an hour old",
    remedy: "Rotate it later; those before it stay known, and there is room for so many.",
    httpStatus: 409,
  },
  KEYS_LOCKED: {
    title: "The key service has no credential for the tenant's KMS, which the tenant gives it itself",
    remedy: "The tenant runs `cloister keys unlock`; what waits goes on by itself then.",
    httpStatus: 503,
    isRetryable: true,
  },
  KMS_UNAVAILABLE: {
    title: "The tenant's key management does not answer or refuses",
    remedy: "It is tried again by itself; the tenant looks at its key management.",
    httpStatus: 503,
    isRetryable: true,
  },
  UNAVAILABLE: {
    title: "The key service can't answer at the moment",
    remedy: "Send the same request again later.",
    isRetryable: true,
  },
} as const;

export type KeysErrorCode = keyof typeof keysErrors;

/** The HTTP status of a refusal that concerns a client's own request, or undefined. */
export function httpStatusOfKeysError(code: KeysErrorCode): number | undefined {
  const description = keysErrors[code];
  return "httpStatus" in description ? description.httpStatus : undefined;
}

/** The response header (or trailer) that carries the code beside Connect's own. */
export const KEYS_ERROR_HEADER = "cloister-error-code";

/** The code in a failed call's metadata, or undefined when `keys` did not answer or a newer one sent a code unknown here. */
export function readKeysErrorCode(metadata: Headers): KeysErrorCode | undefined {
  return parseKeysErrorCode(metadata.get(KEYS_ERROR_HEADER) ?? "");
}

/** The code of that name, or undefined. */
export function parseKeysErrorCode(text: string): KeysErrorCode | undefined {
  return isKeysErrorCode(text) ? text : undefined;
}

function isKeysErrorCode(text: string): text is KeysErrorCode {
  return Object.hasOwn(keysErrors, text);
}
