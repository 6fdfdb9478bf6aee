import { AttestationError, type AttestationErrorCode } from "../../errors.ts";

/** What can be wrong with a report of SEV-SNP and its certificates, and what it means to who asked for evidence. */
export const snpFaults = {
  REPORT_FORMAT_UNSUPPORTED: "EVIDENCE_MALFORMED",
  REPORT_TRUNCATED: "EVIDENCE_MALFORMED",
  WRONG_REPORT_VERSION: "EVIDENCE_MALFORMED",
  VCEK_CHAIN_INVALID: "ROOT_NOT_TRUSTED",
  VCEK_EXPIRED: "EVIDENCE_EXPIRED",
  VCEK_HWID_MISMATCH: "SIGNATURE_INVALID",
  VCEK_TCB_MISMATCH: "SIGNATURE_INVALID",
  ARK_UNTRUSTED: "ROOT_NOT_TRUSTED",
  ASK_INVALID: "ROOT_NOT_TRUSTED",
  ASK_REVOKED: "CERTIFICATE_REVOKED",
  ARK_CRL_INVALID: "ROOT_NOT_TRUSTED",
  ARK_CRL_EXPIRED: "EVIDENCE_EXPIRED",
  ARK_CRL_MISSING: "EVIDENCE_EXPIRED",
  REPORT_SIGNATURE_INVALID: "SIGNATURE_INVALID",
  TCB_OUT_OF_DATE: "TCB_NOT_ACCEPTED",
  GUEST_POLICY_DEBUG_SET: "GUEST_NOT_ALLOWED",
  GUEST_POLICY_MIGRATE_MA_SET: "GUEST_NOT_ALLOWED",
  GUEST_POLICY_SINGLE_SOCKET_SET: "GUEST_NOT_ALLOWED",
  GUEST_POLICY_RESERVED_BIT_SET: "GUEST_NOT_ALLOWED",
  PLATFORM_INFO_INVALID: "GUEST_NOT_ALLOWED",
  SIGNER_INFO_INVALID: "GUEST_NOT_ALLOWED",
  MEASUREMENT_MISMATCH: "MEASUREMENT_NOT_ALLOWED",
  HOST_DATA_MISMATCH: "MEASUREMENT_NOT_ALLOWED",
  REPORT_DATA_MISMATCH: "REPORT_DATA_MISMATCH",
  ID_KEY_DIGEST_MISMATCH: "MEASUREMENT_NOT_ALLOWED",
  AUTHOR_KEY_DIGEST_MISMATCH: "MEASUREMENT_NOT_ALLOWED",
} as const satisfies Record<string, AttestationErrorCode>;

export type SnpFault = keyof typeof snpFaults;

export function isSnpFault(fault: string | undefined): fault is SnpFault {
  return fault !== undefined && Object.hasOwn(snpFaults, fault);
}

export function snpError(fault: SnpFault, message: string, cause?: unknown): AttestationError {
  return new AttestationError(snpFaults[fault], message, { fault, cause });
}
