import type { DestroyedKek, Kek, KekDescription, KeyWrapper, KmsProvider } from "@cloister/service-keys";

/** Some providers' KEKs are elsewhere than in the file that a test's `keys` has. */
export class KmsByTenant implements KeyWrapper {
  readonly #file: KeyWrapper;
  readonly #elsewhere: Partial<Readonly<Record<KmsProvider, KeyWrapper>>>;

  constructor(file: KeyWrapper, elsewhere: Partial<Readonly<Record<KmsProvider, KeyWrapper>>>) {
    this.#file = file;
    this.#elsewhere = elsewhere;
  }

  ensureKek(kek: Kek): Promise<void> {
    return this.#of(kek).ensureKek(kek);
  }

  wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#of(kek).wrap(kek, plaintext, context);
  }

  unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#of(kek).unwrap(kek, wrapped, context);
  }

  describe(kek: Kek): Promise<KekDescription> {
    return this.#of(kek).describe(kek);
  }

  destroy(kek: Kek): Promise<DestroyedKek> {
    return this.#of(kek).destroy(kek);
  }

  #of({ provider }: Kek): KeyWrapper {
    return this.#elsewhere[provider] ?? this.#file;
  }
}
