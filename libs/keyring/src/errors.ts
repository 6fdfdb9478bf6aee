import type { KeysErrorCode } from "@cloister/contracts/keys/errors";
import { CodedError } from "@cloister/service";

/** What an instance finds out by itself, beside the codes of `keys`. */
export const keyringErrors = {
  KEYS_UNAVAILABLE: {
    title: "`keys` did not answer",
    remedy: "Look at the key service; the batch comes again by itself.",
    isRetryable: true,
  },
  TENANT_KEYS_UNAVAILABLE: {
    title: "The key service that the tenant runs itself did not answer, or could not prove itself",
    remedy: "The tenant looks at its key service: its messages wait until then, those of others go on.",
    isRetryable: true,
  },
  KEYS_NOT_TRUSTED: {
    title: "Whoever answered could not prove to be `keys`",
    remedy: "Find out who listens at that address; no key was taken.",
  },
  CHAIN_INVALID: {
    title: "The tenant's chain, policy or issuer does not verify here",
    remedy: "Compare versions and clocks of `keys` and the instance; messages wait.",
  },
  STATEMENT_INVALID: {
    title: "The conversation's statement does not verify under its tenant's chain",
    remedy: "Messages wait; if it stays so, the database of `keys` was changed.",
  },
  LEASE_ENDED: {
    title: "The lease ended before the key was used",
    remedy: "The key is leased again by itself.",
    isRetryable: true,
  },
  WRONG_STAGE: {
    title: "An envelope of another stage than its topic is for",
    remedy: "Clients send envelopes of stage INBOUND only.",
  },
  NOT_REQUESTED: {
    title: "A key that was not part of what was leased",
    remedy: "Report it: it is a defect of the service.",
  },
} as const;

export type KeyringErrorCode = KeysErrorCode | keyof typeof keyringErrors;

/**
 * What a consumer does with the record: `shared` pauses everything, `tenant` parks the conversation and retries,
 * `poison` goes to the dead letters, since trying again can't help.
 */
export type FailureScope = "shared" | "tenant" | "poison";

const SCOPES: Readonly<Record<KeyringErrorCode, FailureScope>> = {
  KEYS_UNAVAILABLE: "shared",
  KEYS_NOT_TRUSTED: "shared",
  UNAVAILABLE: "shared",
  UNAUTHENTICATED: "shared",
  SESSION_UNKNOWN: "shared",
  SEQUENCE_REUSED: "shared",
  EVIDENCE_REJECTED: "shared",
  CHANNEL_MISMATCH: "shared",
  LEASE_ENDED: "shared",
  TENANT_KEYS_UNAVAILABLE: "tenant",
  TOO_MANY_CALLS: "tenant",
  KEYS_LOCKED: "tenant",
  UNLOCKS_FULL: "tenant",
  ROTATED_LATELY: "tenant",
  KMS_UNAVAILABLE: "tenant",
  MEASUREMENT_NOT_ALLOWED: "tenant",
  POLICY_EXPIRED: "tenant",
  POLICY_STALE: "tenant",
  POLICY_INVALID: "tenant",
  POLICY_FOREIGN: "tenant",
  POLICY_CONFLICT: "tenant",
  DEVELOPMENT_REFUSED: "tenant",
  DEVELOPMENT_POLICY_REQUIRED: "tenant",
  KMS_CREDENTIAL_UNTRUSTED: "tenant",
  CHAIN_INVALID: "tenant",
  STATEMENT_INVALID: "tenant",
  MALFORMED: "poison",
  WRONG_STAGE: "poison",
  TENANT_UNKNOWN: "poison",
  CONVERSATION_UNKNOWN: "poison",
  ADMISSION_REQUIRED: "poison",
  ADMISSION_INVALID: "poison",
  ADMISSION_EXPIRED: "poison",
  SIGNATURE_INVALID: "poison",
  REQUEST_EXPIRED: "poison",
  ID_REUSED: "poison",
  PURPOSE_NOT_ALLOWED: "poison",
  BUCKET_INVALID: "poison",
  KEY_EXPIRED: "poison",
  KEY_DESTROYED: "poison",
  KEY_CORRUPT: "poison",
  NOT_DUE: "poison",
  TOMBSTONE_UNKNOWN: "poison",
  NOT_REQUESTED: "poison",
};

export class KeyringError extends CodedError<KeyringErrorCode> {
  get scope(): FailureScope {
    return SCOPES[this.code];
  }

  override get isUnavailable(): boolean {
    return this.scope === "shared";
  }
}
