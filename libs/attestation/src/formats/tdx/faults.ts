import { AttestationError, type AttestationErrorCode } from "../../errors.ts";

/**
 * What can be wrong with a TDX quote and its collateral, and what it means to who asked for evidence. The names stand in
 * the outcomes of `cloister attest verify`.
 */
export const tdxFaults = {
  QUOTE_FORMAT_UNSUPPORTED: "EVIDENCE_MALFORMED",
  QUOTE_TRUNCATED: "EVIDENCE_MALFORMED",
  WRONG_TEE_TYPE: "EVIDENCE_MALFORMED",
  ATTESTATION_KEY_TYPE_UNSUPPORTED: "EVIDENCE_MALFORMED",
  QE_VENDOR_UNKNOWN: "EVIDENCE_MALFORMED",
  PCK_CHAIN_INVALID: "SIGNATURE_INVALID",
  PCK_CHAIN_INCOMPLETE: "SIGNATURE_INVALID",
  PCK_FMSPC_MISMATCH: "TCB_NOT_ACCEPTED",
  ROOT_CA_UNTRUSTED: "ROOT_NOT_TRUSTED",
  PCK_EXPIRED: "EVIDENCE_EXPIRED",
  PCK_REVOKED: "CERTIFICATE_REVOKED",
  INTERMEDIATE_REVOKED: "CERTIFICATE_REVOKED",
  QUOTE_SIGNATURE_INVALID: "SIGNATURE_INVALID",
  QE_REPORT_SIGNATURE_INVALID: "SIGNATURE_INVALID",
  AK_BINDING_INVALID: "SIGNATURE_INVALID",
  AK_MISMATCH: "SIGNATURE_INVALID",
  TCB_INFO_SIGNATURE_INVALID: "SIGNATURE_INVALID",
  TCB_INFO_EXPIRED: "EVIDENCE_EXPIRED",
  TCB_INFO_CHAIN_INVALID: "SIGNATURE_INVALID",
  QE_IDENTITY_SIGNATURE_INVALID: "SIGNATURE_INVALID",
  QE_IDENTITY_EXPIRED: "EVIDENCE_EXPIRED",
  QE_IDENTITY_MRSIGNER_MISMATCH: "TCB_NOT_ACCEPTED",
  QE_IDENTITY_FIELD_MISMATCH: "TCB_NOT_ACCEPTED",
  TCB_REVOKED: "TCB_NOT_ACCEPTED",
  QV_RESULT_TERMINAL_UNSPECIFIED: "TCB_NOT_ACCEPTED",
  QV_RESULT_NOT_ACCEPTED_BY_POLICY: "TCB_NOT_ACCEPTED",
  TD_ATTRIBUTES_MISMATCH: "GUEST_NOT_ALLOWED",
  XFAM_MISMATCH: "GUEST_NOT_ALLOWED",
  MR_SIGNER_SEAM_MISMATCH: "GUEST_NOT_ALLOWED",
  SEAM_ATTRIBUTES_MISMATCH: "GUEST_NOT_ALLOWED",
  MR_SEAM_NOT_ALLOWED: "GUEST_NOT_ALLOWED",
  MRTD_MISMATCH: "MEASUREMENT_NOT_ALLOWED",
  MR_CONFIG_ID_MISMATCH: "GUEST_NOT_ALLOWED",
  MR_OWNER_MISMATCH: "GUEST_NOT_ALLOWED",
  MR_OWNER_CONFIG_MISMATCH: "GUEST_NOT_ALLOWED",
  RTMR3_NONZERO: "MEASUREMENT_NOT_ALLOWED",
  REPORT_DATA_MISMATCH: "REPORT_DATA_MISMATCH",
  TEE_TCB_SVN_BELOW_MINIMUM: "TCB_NOT_ACCEPTED",
  QE_VENDOR_ID_MISMATCH: "GUEST_NOT_ALLOWED",
  TD_ATTRIBUTES_DEBUG_SET: "GUEST_NOT_ALLOWED",
  TD_ATTRIBUTES_RESERVED_BIT_SET: "GUEST_NOT_ALLOWED",
  XFAM_REQUIRED_BIT_CLEAR: "GUEST_NOT_ALLOWED",
  XFAM_FORBIDDEN_BIT_SET: "GUEST_NOT_ALLOWED",
  TCB_EVAL_DATA_NUMBER_TOO_LOW: "TCB_NOT_ACCEPTED",
  PCK_CRL_EXPIRED: "EVIDENCE_EXPIRED",
  ROOT_CRL_EXPIRED: "EVIDENCE_EXPIRED",
  QE_IDENTITY_ID_INVALID: "EVIDENCE_MALFORMED",
  QE_IDENTITY_VERSION_INVALID: "EVIDENCE_MALFORMED",
} as const satisfies Readonly<Record<string, AttestationErrorCode>>;

export type TdxFault = keyof typeof tdxFaults;

export function isTdxFault(fault: string | undefined): fault is TdxFault {
  return fault !== undefined && Object.hasOwn(tdxFaults, fault);
}

export function tdxError(fault: TdxFault, message: string, cause?: unknown): AttestationError {
  return new AttestationError(tdxFaults[fault], message, { fault, cause });
}

/** Runs a parser of certificates or lists; what it refuses as malformed is the fault of the place where that stood. */
export async function faultOfParsing<T>(fault: TdxFault, what: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (error) {
    if (!(error instanceof AttestationError) || isTdxFault(error.fault)) throw error;
    throw tdxError(fault, `${what} is not in its format.`, error);
  }
}
