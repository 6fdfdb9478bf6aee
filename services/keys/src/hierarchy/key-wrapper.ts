/**
 * The tenant's KMS, which alone holds its KEK. Adapters: a local keyring file; Vault, AWS KMS and PKCS#11 fit here.
 * Each call may go over a network.
 */
export interface KeyWrapper {
  /** Makes the tenant's KEK where there is none. */
  ensureKek(tenantId: Uint8Array): Promise<void>;
  /** Wraps up to 64 bytes under the tenant's KEK, authenticating `aad`. @throws KMS_UNAVAILABLE */
  wrap(tenantId: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Promise<Uint8Array>;
  /** @throws KMS_UNAVAILABLE; KEY_CORRUPT when it was not wrapped for this tenant and `aad` */
  unwrap(tenantId: Uint8Array, wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array>;
}
