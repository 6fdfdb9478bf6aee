import type { KeysErrorCode } from "@cloister/contracts/keys/errors";
import { CodedError } from "@cloister/service";

/** The codes of `keys`, and what an instance finds out by itself. */
export type KeyringErrorCode =
  | KeysErrorCode
  /** `keys` did not answer. */
  | "KEYS_UNAVAILABLE"
  /** Whoever answered could not prove to be `keys`. */
  | "KEYS_NOT_TRUSTED"
  /** The tenant's chain, policy or issuer does not verify here. */
  | "CHAIN_INVALID"
  /** The conversation's statement does not verify under that chain. */
  | "STATEMENT_INVALID"
  /** The lease ended before the key was used: lease again. */
  | "LEASE_ENDED"
  /** An envelope of another stage. */
  | "WRONG_STAGE"
  /** Not in the batch that was leased: an error of the caller. */
  | "NOT_REQUESTED";

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
  LEASE_ENDED: "shared",
  KMS_UNAVAILABLE: "tenant",
  MEASUREMENT_NOT_ALLOWED: "tenant",
  POLICY_EXPIRED: "tenant",
  POLICY_STALE: "tenant",
  POLICY_INVALID: "tenant",
  POLICY_FOREIGN: "tenant",
  POLICY_CONFLICT: "tenant",
  DEVELOPMENT_REFUSED: "tenant",
  DEVELOPMENT_POLICY_REQUIRED: "tenant",
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
