import { idToHex } from "@cloister/envelope";
import { KmsError, type DestroyedKek, type Kek, type KekDescription, type KeyWrapper } from "@cloister/service-keys";

export type Trouble = "hangs" | "fails";

/** The KMS of one tenant hangs or fails while it is in trouble; those of the others are as they are. */
export class TroubledKms implements KeyWrapper {
  readonly #kms: KeyWrapper;
  readonly #waiting: (() => void)[] = [];
  #trouble: { readonly tenantId: Uint8Array; readonly kind: Trouble } | undefined;

  constructor(kms: KeyWrapper) {
    this.#kms = kms;
  }

  begin(tenantId: Uint8Array, kind: Trouble): void {
    this.#trouble = { tenantId, kind };
  }

  end(): void {
    this.#trouble = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  ensureKek(kek: Kek): Promise<void> {
    return this.#kms.ensureKek(kek);
  }

  wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#kms.wrap(kek, plaintext, context);
  }

  async unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const isInTrouble = idToHex(kek.tenantId) === idToHex(this.#trouble?.tenantId ?? new Uint8Array());
    const kind = isInTrouble ? this.#trouble?.kind : "";
    if (kind === "fails") throw new KmsError("KMS_UNREACHABLE", "The tenant's KMS is down.");
    if (kind === "hangs") await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#kms.unwrap(kek, wrapped, context);
  }

  describe(kek: Kek): Promise<KekDescription> {
    return this.#kms.describe(kek);
  }

  destroy(kek: Kek): Promise<DestroyedKek> {
    return this.#kms.destroy(kek);
  }
}
