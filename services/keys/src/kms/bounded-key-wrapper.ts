import { idToHex } from "@cloister/envelope";
import { Outages, type Clock, type Log } from "@cloister/service";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "./key-wrapper.ts";
import { KmsError } from "./kms-errors.ts";

export interface BoundedKeyWrapperOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A KMS that has not answered by then is taken for away. */
  readonly answerWithinMs: number;
}

/** Time-out and breaker around a KeyWrapper, tenant by tenant: one tenant's KMS can't hold up the others. */
export class BoundedKeyWrapper implements KeyWrapper {
  readonly #wrapper: KeyWrapper;
  readonly #outages: Outages;

  constructor(wrapper: KeyWrapper, { clock, log, answerWithinMs }: BoundedKeyWrapperOptions) {
    this.#wrapper = wrapper;
    this.#outages = new Outages({
      clock,
      answerWithinMs,
      away,
      // A KMS that answers with a refusal of these bytes is there.
      isAnswer: (error) => error instanceof KmsError && error.code === "KMS_CONTEXT_MISMATCH",
      failed: (tenantId, attempt, error) => log.warn("a tenant's KMS doesn't answer", { tenantId, attempt, error }),
      isBack: (tenantId) => log.info("a tenant's KMS answers again", { tenantId }),
    });
  }

  /** Not bounded, like `describe` and `destroy`: only the request that makes the tenant waits for it. */
  ensureKek(kek: Kek): Promise<void> {
    return this.#wrapper.ensureKek(kek);
  }

  describe(kek: Kek): Promise<KekDescription> {
    return this.#wrapper.describe(kek);
  }

  destroy(kek: Kek): Promise<DestroyedKek> {
    return this.#wrapper.destroy(kek);
  }

  wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#bounded(kek, () => this.#wrapper.wrap(kek, plaintext, context));
  }

  unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#bounded(kek, () => this.#wrapper.unwrap(kek, wrapped, context));
  }

  /** @throws KMS_UNREACHABLE when the answer takes longer; what it holds is wiped when it comes */
  #bounded({ tenantId }: Kek, ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = (): Promise<Uint8Array> =>
      ask().catch((cause: unknown) => Promise.reject(cause instanceof KmsError ? cause : away({ cause })));
    return this.#outages.ask(idToHex(tenantId), known, (late) => late.fill(0));
  }
}

const away = (options?: ErrorOptions): KmsError =>
  new KmsError(
    "KMS_UNREACHABLE",
    "The tenant's KMS doesn't answer: its messages wait, those of others go on.",
    options,
  );
