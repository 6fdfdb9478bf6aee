import { KmsError, type KmsErrorCode } from "../../kms/kms-errors.ts";

/** The exceptions of the API reference of AWS KMS, and those of every AWS API. */
const CODES: Readonly<Record<string, KmsErrorCode>> = {
  NotFoundException: "KMS_KEY_UNKNOWN",
  InvalidArnException: "KMS_KEY_REF_INVALID",
  DisabledException: "KMS_KEY_DISABLED",
  InvalidCiphertextException: "KMS_CONTEXT_MISMATCH",
  IncorrectKeyException: "KMS_CONTEXT_MISMATCH",
  InvalidKeyUsageException: "KMS_KEY_UNSUITABLE",
  UnsupportedOperationException: "KMS_KEY_UNSUITABLE",
  AccessDeniedException: "KMS_PERMISSION_DENIED",
  ThrottlingException: "KMS_THROTTLED",
  Throttling: "KMS_THROTTLED",
  RequestLimitExceeded: "KMS_THROTTLED",
  TooManyRequestsException: "KMS_THROTTLED",
  LimitExceededException: "KMS_THROTTLED",
  UnrecognizedClientException: "KMS_CREDENTIAL_REFUSED",
  InvalidClientTokenId: "KMS_CREDENTIAL_REFUSED",
  ExpiredTokenException: "KMS_CREDENTIAL_REFUSED",
  ExpiredToken: "KMS_CREDENTIAL_REFUSED",
  InvalidSignatureException: "KMS_CREDENTIAL_REFUSED",
  SignatureDoesNotMatch: "KMS_CREDENTIAL_REFUSED",
  IncompleteSignature: "KMS_CREDENTIAL_REFUSED",
  MissingAuthenticationToken: "KMS_CREDENTIAL_REFUSED",
  CredentialsProviderError: "KMS_CREDENTIAL_REFUSED",
  KeyUnavailableException: "KMS_UNREACHABLE",
  DependencyTimeoutException: "KMS_UNREACHABLE",
  KMSInternalException: "KMS_UNREACHABLE",
  InternalFailure: "KMS_UNREACHABLE",
  ServiceUnavailable: "KMS_UNREACHABLE",
  ServiceUnavailableException: "KMS_UNREACHABLE",
};

const SENTENCES: Readonly<Partial<Record<KmsErrorCode, string>>> = {
  KMS_KEY_UNKNOWN: "AWS KMS has no such key in that region and account: compare the policy's keyRef.",
  KMS_KEY_DISABLED: "The key is disabled in AWS KMS: enable it there, if that was not meant.",
  KMS_KEY_PENDING_DELETION: "The key waits in AWS KMS for its deletion: cancel it there, if that was not meant.",
  KMS_CONTEXT_MISMATCH:
    "A key in the database of `keys` does not open under the tenant's key in AWS KMS: it was changed or moved.",
  KMS_KEY_UNSUITABLE: "The key in AWS KMS can't serve as a KEK: make a symmetric one for ENCRYPT_DECRYPT.",
  KMS_PERMISSION_DENIED: "AWS KMS knows the credential of `keys`, and neither key policy nor IAM allow it this.",
  KMS_THROTTLED: "AWS KMS refuses because of too many calls in this account and region.",
  KMS_CREDENTIAL_REFUSED: "AWS does not accept the credential of `keys`, or there is none: look at its role.",
  KMS_UNREACHABLE: "AWS KMS can't be reached or fails: look at the network to it and at AWS' own status.",
};

/** What an exception of AWS' client means here. Unknown ones mean: wait. Their texts are used to tell, never shown. */
export function awsRefusal(cause: unknown): KmsError {
  if (cause instanceof KmsError) return cause;
  const code = codeOf(cause);
  const sentence = SENTENCES[code] ?? `AWS KMS refuses with ${nameOf(cause)}.`;
  return new KmsError(code, sentence, { cause });
}

function codeOf(cause: unknown): KmsErrorCode {
  const name = nameOf(cause);
  if (name === "KMSInvalidStateException") {
    return /pending ?deletion/iu.test(textOf(cause)) ? "KMS_KEY_PENDING_DELETION" : "KMS_KEY_DISABLED";
  }
  const known = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (known !== undefined) return known;
  const status = statusOf(cause);
  if (status === 429) return "KMS_THROTTLED";
  // A refusal that nobody knows came from somewhere; without a status there was no answer at all.
  return status !== undefined && status < 500 ? "KMS_ANSWER_MALFORMED" : "KMS_UNREACHABLE";
}

const nameOf = (cause: unknown): string => (cause instanceof Error ? cause.name : "");
const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "");

function statusOf(cause: unknown): number | undefined {
  if (typeof cause !== "object" || cause === null || !("$metadata" in cause)) return undefined;
  const { $metadata: metadata } = cause;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}
