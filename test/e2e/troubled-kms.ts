import { idToHex } from "@cloister/envelope";
import { KeysError, type KeyWrapper } from "@cloister/service-keys";

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

  ensureKek(tenantId: Uint8Array): Promise<void> {
    return this.#kms.ensureKek(tenantId);
  }

  wrap(tenantId: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return this.#kms.wrap(tenantId, plaintext, aad);
  }

  async unwrap(tenantId: Uint8Array, wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    const kind = idToHex(tenantId) === idToHex(this.#trouble?.tenantId ?? new Uint8Array()) ? this.#trouble?.kind : "";
    if (kind === "fails") throw new KeysError("KMS_UNAVAILABLE", "The tenant's KMS is down.");
    if (kind === "hangs") await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#kms.unwrap(tenantId, wrapped, aad);
  }
}
