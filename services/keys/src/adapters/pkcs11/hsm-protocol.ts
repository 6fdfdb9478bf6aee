// Between `keys` and the process that holds the HSM's library. No imports: that process loads nothing of ours.

export interface HsmKey {
  readonly token: string;
  readonly label?: string;
  readonly idHex?: string;
}

export type HsmRequest =
  | { readonly operation: "open"; readonly sdk: string; readonly module: string; readonly pin: string }
  | {
      readonly operation: "wrap" | "unwrap";
      readonly key: HsmKey;
      readonly bytes: Uint8Array;
      readonly context: Uint8Array;
    }
  | { readonly operation: "describe" | "destroy"; readonly key: HsmKey };

export interface HsmKeyState {
  readonly isExtractable: boolean;
  readonly isDestroyable: boolean;
}

/** Codes of KmsError that the HSM's process tells apart. */
export type HsmRefusal =
  | "KMS_SDK_MISSING"
  | "KMS_CONFIG_INVALID"
  | "KMS_UNREACHABLE"
  | "KMS_CREDENTIAL_REFUSED"
  | "KMS_PERMISSION_DENIED"
  | "KMS_KEY_UNKNOWN"
  | "KMS_KEY_REF_INVALID"
  | "KMS_KEY_UNSUITABLE"
  | "KMS_CONTEXT_MISMATCH"
  | "KMS_DESTRUCTION_REFUSED";

export interface HsmAnswered {
  readonly bytes?: Uint8Array;
  readonly state?: HsmKeyState;
}

export interface HsmRefusedAnswer {
  readonly refusal: HsmRefusal;
  /** The name of what the library returned, such as CKR_PIN_INCORRECT; may be empty. */
  readonly returned: string;
}

export type HsmAnswer = { readonly id: number } & (HsmAnswered | HsmRefusedAnswer);
