import { CodedError } from "@cloister/service";

/** Why a tenant's KMS did not do what it was asked to. Closed. Its messages wait until somebody did what stands beside. */
export const kmsErrors = {
  KMS_UNREACHABLE: {
    title: "The KMS does not answer, or answers that it can't",
    remedy: "Look at its address, at the network to it, and whether it is sealed or down. It is asked again by itself.",
    isRetryable: true,
  },
  KMS_THROTTLED: {
    title: "The KMS refuses because of too many calls",
    remedy: "Raise the quota, or find out who else uses it up. It is asked again by itself.",
    isRetryable: true,
  },
  KMS_CREDENTIAL_UNTRUSTED: {
    title: "The KMS would be asked with a credential that whoever runs `keys` can use beside it",
    remedy:
      "The tenant gives one of its own by `cloister keys unlock`, runs `keys` itself, uses AWS KMS from a Nitro enclave, or says `kmsTrust: credential` in its policy.",
  },
  KEYS_LOCKED: {
    title: "`keys` has no credential for this KMS, which the tenant gives it itself",
    remedy: "The tenant runs `cloister keys unlock`, after each start of the last instance of `keys`.",
  },
  KMS_CREDENTIAL_REFUSED: {
    title: "The KMS does not accept the credential of `keys`",
    remedy:
      "It expired, was revoked, or is another system's: give a new one. `cloister keys doctor` tells when it works.",
  },
  KMS_PERMISSION_DENIED: {
    title: "The KMS knows the credential of `keys` and does not allow it this",
    remedy: "Give it the policy of docs/keys.md, for this key.",
  },
  KMS_KEY_UNKNOWN: {
    title: "The KMS has no such key",
    remedy: "Compare the policy's `keyRef` with the KMS. A key that was destroyed there does not come back.",
  },
  KMS_KEY_DISABLED: {
    title: "The key is disabled in the KMS, in whole or in the version that is needed",
    remedy: "If that was not meant, enable it there: what was parked goes on by itself.",
  },
  KMS_KEY_PENDING_DELETION: {
    title: "The key waits in the KMS for its deletion",
    remedy: "If that was not meant, cancel the deletion there before its window ends: after it nothing opens any more.",
  },
  KMS_KEY_UNSUITABLE: {
    title: "The key is of a kind that can't serve as a KEK",
    remedy: "Make one as docs/keys.md says, and name it in the next policy.",
  },
  KMS_REGION_WRONG: {
    title: "The key is in another region than this deployment asks",
    remedy: "Name a key of the deployment's region in the policy, or set the region of the deployment.",
  },
  KMS_CONTEXT_MISMATCH: {
    title: "What is to be unwrapped was not wrapped under this key for this place, or was changed",
    remedy: "Look whether the database of `keys` was changed, or the policy names another key than before.",
  },
  KMS_KEY_REF_INVALID: {
    title: "The policy's `keyRef` is not in the form of its provider",
    remedy: "Write it as docs/keys.md says, and sign the policy again.",
  },
  KMS_NOT_CONFIGURED: {
    title: "The policy names a provider that this deployment does not use",
    remedy: "Name one that it does, or add it to CLOISTER_KEYS_KMS with its settings.",
  },
  KMS_CONFIG_INVALID: {
    title: "Settings of a KMS are missing or contradict each other",
    remedy: "Set the variables that are named: docs/configuration.md has them all.",
  },
  KMS_SDK_MISSING: {
    title: "The package that speaks to this KMS is not installed",
    remedy: "Install it beside Cloister: it is optional, and loaded only when the KMS is configured.",
  },
  KMS_ANSWER_MALFORMED: {
    title: "What answers is not the KMS that was expected",
    remedy: "Look who listens at that address, and at its version.",
  },
  KMS_DESTRUCTION_REFUSED: {
    title: "The KMS is set to keep the key",
    remedy: "Whoever owns the key allows its deletion first.",
  },
  KMS_KEYRING_OPEN: {
    title: "The keyring file is open to group or world",
    remedy: "Whoever read it can unwrap everything: make a new one where that matters, else chmod 600 it.",
  },
  KMS_KEYRING_DAMAGED: {
    title: "The keyring file is damaged or not one of this version",
    remedy: "Restore it from a backup: without it nothing opens.",
  },
  KMS_PASSPHRASE_WRONG: {
    title: "The keyring file does not open with this passphrase, or with none",
    remedy: "Give the passphrase it was made with: CLOISTER_KEYS_KEYRING_PASSPHRASE_FILE.",
  },
} as const;

export type KmsErrorCode = keyof typeof kmsErrors;

/** A refusal or failure of a tenant's KMS. Its message holds no key, no credential and nothing that the KMS answered. */
export class KmsError extends CodedError<KmsErrorCode> {
  /** True for what passes by itself, so that asking again soon is worth it. */
  override get isUnavailable(): boolean {
    return this.code === "KMS_UNREACHABLE" || this.code === "KMS_THROTTLED";
  }
}

/** The error of that code in the catalogue's own words, which are enough where nothing more is known. */
export function kmsError(code: KmsErrorCode, subject: string, options?: ErrorOptions): KmsError {
  const { title, remedy } = kmsErrors[code];
  return new KmsError(code, `${subject}: ${title.charAt(0).toLowerCase()}${title.slice(1)}. ${remedy}`, options);
}
