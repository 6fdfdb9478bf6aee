import type { DestroyedKek, Kek, KekDescription, KeyWrapper, KmsProvider } from "./key-wrapper.ts";
import { LockedKms } from "./unlocked-kms.ts";
import { KmsError, kmsError } from "./kms-errors.ts";

/** Gives each KEK to the KMS of the provider that its tenant's policy names. */
export class KmsByProvider implements KeyWrapper {
  readonly #wrappers: Readonly<Partial<Record<KmsProvider, KeyWrapper>>>;
  readonly #attested: ReadonlySet<KmsProvider>;

  /** `attested`: those that check the evidence of `keys`; at the others its credential is enough, whoever uses it. */
  constructor(wrappers: Readonly<Partial<Record<KmsProvider, KeyWrapper>>>, attested: readonly KmsProvider[] = []) {
    this.#wrappers = wrappers;
    this.#attested = new Set(attested);
  }

  async ensureKek(kek: Kek): Promise<void> {
    return this.of(kek).ensureKek(kek);
  }

  async wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.of(kek).wrap(kek, plaintext, context);
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.of(kek).unwrap(kek, wrapped, context);
  }

  async describe(kek: Kek): Promise<KekDescription> {
    return this.of(kek).describe(kek);
  }

  async destroy(kek: Kek): Promise<DestroyedKek> {
    return this.of(kek).destroy(kek);
  }

  /** The one that holds the KEK. @throws KmsError KMS_NOT_CONFIGURED, KMS_CREDENTIAL_UNTRUSTED */
  of({ provider, trustsCredential }: Kek): KeyWrapper {
    const wrapper = this.#wrappers[provider];
    const isTrusted = trustsCredential || this.#attested.has(provider) || wrapper instanceof LockedKms;
    if (!isTrusted) throw kmsError("KMS_CREDENTIAL_UNTRUSTED", provider);
    if (wrapper !== undefined) return wrapper;
    const configured = Object.keys(this.#wrappers).join(", ");
    throw new KmsError(
      "KMS_NOT_CONFIGURED",
      `The policy has its key at ${provider}, and this deployment uses ${configured}: name one of these in the policy, or set CLOISTER_KEYS_KMS.`,
    );
  }
}
