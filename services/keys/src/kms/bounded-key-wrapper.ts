import { idToHex } from "@cloister/envelope";
import { Outages, type Clock, type Log } from "@cloister/service";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "./key-wrapper.ts";
import { KmsError, type KmsErrorCode } from "./kms-errors.ts";

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
      isAnswer: (error) => error instanceof KmsError && NO_OUTAGE.has(error.code),
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

  /** Asks at once again: something else than time may have helped. */
  forget(tenantId: Uint8Array): void {
    this.#outages.forget(idToHex(tenantId));
  }

  /** @throws KMS_UNREACHABLE when the answer takes longer; what it holds is wiped when it comes */
  #bounded({ tenantId }: Kek, ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = (): Promise<Uint8Array> =>
      ask().catch((cause: unknown) => Promise.reject(cause instanceof KmsError ? cause : away({ cause })));
    return this.#outages.ask(idToHex(tenantId), known, (late) => late.fill(0));
  }
}

/** A KMS that refuses these bytes is there, and one that was never asked may be. */
const NO_OUTAGE: ReadonlySet<string> = new Set([
  "KMS_CONTEXT_MISMATCH",
  "KMS_CREDENTIAL_UNTRUSTED",
  "KEYS_LOCKED",
] satisfies KmsErrorCode[]);

const away = (options?: ErrorOptions): KmsError =>
  new KmsError(
    "KMS_UNREACHABLE",
    "The tenant's KMS doesn't answer: its messages wait, those of others go on.",
    options,
  );
