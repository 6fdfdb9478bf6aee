/** Why `keys` refused: the closed union that callers of its three services switch on. Stable. */
export const KEYS_ERROR_CODES = [
  "MALFORMED",
  "UNAUTHENTICATED",
  "TENANT_UNKNOWN",
  "POLICY_INVALID",
  "POLICY_FOREIGN",
  "POLICY_STALE",
  "POLICY_CONFLICT",
  "POLICY_EXPIRED",
  "DEVELOPMENT_REFUSED",
  "DEVELOPMENT_POLICY_REQUIRED",
  "ADMISSION_REQUIRED",
  "ADMISSION_INVALID",
  "ADMISSION_EXPIRED",
  "SIGNATURE_INVALID",
  "REQUEST_EXPIRED",
  "ID_REUSED",
  "CONVERSATION_UNKNOWN",
  "SESSION_UNKNOWN",
  "EVIDENCE_REJECTED",
  "SEQUENCE_REUSED",
  "MEASUREMENT_NOT_ALLOWED",
  "PURPOSE_NOT_ALLOWED",
  "BUCKET_INVALID",
  "KEY_EXPIRED",
  "KEY_DESTROYED",
  "KEY_CORRUPT",
  "NOT_DUE",
  "TOMBSTONE_UNKNOWN",
  "KMS_UNAVAILABLE",
  "UNAVAILABLE",
] as const;

export type KeysErrorCode = (typeof KEYS_ERROR_CODES)[number];

/** The response header (or trailer) that carries the code beside Connect's own. */
export const KEYS_ERROR_HEADER = "cloister-error-code";

/** The code in a failed call's metadata, or undefined when `keys` did not answer or a newer one sent a code unknown here. */
export function readKeysErrorCode(metadata: Headers): KeysErrorCode | undefined {
  return parseKeysErrorCode(metadata.get(KEYS_ERROR_HEADER) ?? "");
}

/** The code of that name, or undefined. */
export function parseKeysErrorCode(text: string): KeysErrorCode | undefined {
  return KEYS_ERROR_CODES.find((code) => code === text);
}
