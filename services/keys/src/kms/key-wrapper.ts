import type { Policy } from "@cloister/policy";

export type KmsProvider = Policy["kms"]["provider"];

/** A tenant's key-encryption key, as its signed policy names it. It never leaves the KMS. */
export interface Kek {
  readonly tenantId: Uint8Array;
  readonly provider: KmsProvider;
  /** In the provider's own words: docs/keys.md. Empty for the local keyring. */
  readonly keyRef: string;
  /**
   * The tenant accepts that the KMS is asked with a credential which whoever runs `keys` could use beside it. Otherwise
   * the KMS has to check the evidence of `keys` itself.
   */
  readonly trustsCredential: boolean;
}

/** When a KEK is gone after `destroy`: with its answer, at the end of the KMS' window, or not by this KMS' settings. */
export type Destruction = "at-once" | "after-window" | "never";

/** What a KMS says of a KEK. */
export interface KekDescription {
  readonly state: "usable" | "disabled" | "pending-deletion";
  readonly destroys: Destruction;
  /** The key can be taken out of the KMS, by whoever may, so that destroying it there proves nothing. */
  readonly isExportable: boolean;
  /** Who keeps it and how, in words: the algorithm, the versions. */
  readonly detail: string;
}

/** What came of `destroy`. `goneAtMs` is when an after-window one is carried out, in ms since 1970. */
export type DestroyedKek =
  { readonly destroys: "at-once" } | { readonly destroys: "after-window"; readonly goneAtMs: number };

/**
 * The tenant's KMS, which alone holds its KEK. Adapters: a local keyring file, Vault and OpenBao Transit, AWS KMS,
 * PKCS#11. Each call may go over a network, and every refusal is a KmsError.
 */
export interface KeyWrapper {
  /**
   * Called once, before a tenant's first key is wrapped. The local keyring makes the KEK where there is none; others
   * never make one, they look whether the tenant's is there and fit. @throws KmsError
   */
  ensureKek(kek: Kek): Promise<void>;
  /** Wraps 1 to 64 bytes under the KEK, authenticating `context` (up to 256 bytes). Never makes a key. @throws KmsError */
  wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
  /** @throws KmsError KMS_CONTEXT_MISMATCH when it was not wrapped under this KEK and `context`, or was changed */
  unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
  /** @throws KmsError KMS_KEY_UNKNOWN when there is none */
  describe(kek: Kek): Promise<KekDescription>;
  /**
   * Has the KEK destroyed, and with it all that was ever wrapped under it.
   * @throws KmsError KMS_DESTRUCTION_REFUSED when the KMS is set to keep it
   */
  destroy(kek: Kek): Promise<DestroyedKek>;
  /** Ends what it holds of its own, such as a process; a later call begins it again. */
  close?(): Promise<void>;
}

/** What of a policy says where a KEK is, and who may ask for it. */
export type KmsPolicy = Pick<Policy, "tenantId" | "development" | "kms" | "kmsTrust">;

/** The KEK that a verified policy names. Who runs `keys` itself has the credential anyway. */
export function kekOf(policy: KmsPolicy): Kek {
  const { tenantId, kms } = policy;
  const trustsCredential = kms.custody === "hyok" || isTrustedToCredential(policy);
  return { tenantId, provider: kms.provider, keyRef: kms.keyRef, trustsCredential };
}

/** The tenant accepts a credential of whoever runs `keys` for it, in so many words or by a development policy. */
export function isTrustedToCredential({ development, kms, kmsTrust }: Omit<KmsPolicy, "tenantId">): boolean {
  return kms.custody === "byok" && (development || kmsTrust === "credential");
}
