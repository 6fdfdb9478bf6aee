import { createKemPublicKey } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { PolicyError, type PolicyErrorCode } from "@cloister/policy";
import type { KeysErrorCode } from "@cloister/contracts/keys/errors";
import { KeysError } from "./errors.ts";

const CODES: Readonly<Record<PolicyErrorCode, KeysErrorCode>> = {
  NOTE_MALFORMED: "POLICY_INVALID",
  NOTE_UNSIGNED: "SIGNATURE_INVALID",
  SIGNATURE_INVALID: "SIGNATURE_INVALID",
  STATEMENT_MALFORMED: "MALFORMED",
  STATEMENT_EXPIRED: "REQUEST_EXPIRED",
  STATEMENT_MISMATCH: "KEY_CORRUPT",
  POLICY_MALFORMED: "POLICY_INVALID",
  POLICY_EXPIRED: "POLICY_EXPIRED",
  POLICY_STALE: "POLICY_STALE",
  POLICY_FOREIGN: "POLICY_FOREIGN",
  ROOT_UNTRUSTED: "POLICY_FOREIGN",
  EVIDENCE_INVALID: "EVIDENCE_REJECTED",
  MEASUREMENT_NOT_ALLOWED: "MEASUREMENT_NOT_ALLOWED",
  MEASUREMENT_WITHDRAWN: "MEASUREMENT_NOT_ALLOWED",
  MANIFEST_MALFORMED: "EVIDENCE_REJECTED",
  CERTIFICATE_INVALID: "EVIDENCE_REJECTED",
  ADMISSION_REQUIRED: "ADMISSION_REQUIRED",
  ADMISSION_INVALID: "ADMISSION_INVALID",
  ADMISSION_EXPIRED: "ADMISSION_EXPIRED",
  MESSAGE_EXPIRED: "REQUEST_EXPIRED",
  RETENTION_TOO_LONG: "BUCKET_INVALID",
  RESIDENCY_VIOLATION: "POLICY_INVALID",
  REGULATED_DATA_BLOCKED: "POLICY_INVALID",
  TOPIC_FORBIDDEN: "POLICY_INVALID",
  PURPOSE_NOT_ALLOWED: "PURPOSE_NOT_ALLOWED",
  DEVELOPMENT_REFUSED: "DEVELOPMENT_REFUSED",
};

/**
 * Runs a check of libs/policy; its refusal becomes ours. `overrides` name what a code means at this place.
 * @throws KeysError
 */
export function refusing<T>(check: () => T, overrides: Partial<Record<PolicyErrorCode, KeysErrorCode>> = {}): T {
  try {
    return check();
  } catch (cause) {
    return refuse(cause, overrides);
  }
}

/** `refusing` for a check that waits. @throws KeysError */
export async function refusingLater<T>(
  check: () => Promise<T>,
  overrides: Partial<Record<PolicyErrorCode, KeysErrorCode>> = {},
): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    return refuse(cause, overrides);
  }
}

function refuse(cause: unknown, overrides: Partial<Record<PolicyErrorCode, KeysErrorCode>>): never {
  if (!(cause instanceof PolicyError)) throw cause;
  throw new KeysError(overrides[cause.code] ?? CODES[cause.code], cause.message, { cause });
}

/** @throws KeysError MALFORMED unless the field has exactly `length` bytes */
export function requireBytes(field: Uint8Array, length: number): void {
  if (field.length !== length)
    throw new KeysError("MALFORMED", `A field of a request has not ${String(length)} bytes.`);
}

/**
 * What is sealed to such a key later would fail for everybody whose messages are in the same batch.
 * @throws KeysError with this code unless the bytes are an X-Wing public key
 */
export function requireKemPublicKey(bytes: Uint8Array, code: "MALFORMED" | "POLICY_INVALID"): void {
  try {
    createKemPublicKey(nodeBackend, bytes);
  } catch (cause) {
    throw new KeysError(code, "The bytes given as a public key to seal to are no X-Wing public key.", { cause });
  }
}
