import type { DestroyedKek, Kek, KekDescription, KeyWrapper, KmsProvider } from "./key-wrapper.ts";
import { KmsError } from "./kms-errors.ts";

/** Gives each KEK to the KMS of the provider that its tenant's policy names. */
export class KmsByProvider implements KeyWrapper {
  readonly #wrappers: Readonly<Partial<Record<KmsProvider, KeyWrapper>>>;

  constructor(wrappers: Readonly<Partial<Record<KmsProvider, KeyWrapper>>>) {
    this.#wrappers = wrappers;
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

  /** The one that holds the KEK. @throws KmsError KMS_NOT_CONFIGURED */
  of({ provider }: Kek): KeyWrapper {
    const wrapper = this.#wrappers[provider];
    if (wrapper !== undefined) return wrapper;
    const configured = Object.keys(this.#wrappers).join(", ");
    throw new KmsError(
      "KMS_NOT_CONFIGURED",
      `The policy has its key at ${provider}, and this deployment uses ${configured}: name one of these in the policy, or set CLOISTER_KEYS_KMS.`,
    );
  }
}
