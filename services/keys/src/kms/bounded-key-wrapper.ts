import { idToHex } from "@cloister/envelope";
import type { Clock, Log } from "@cloister/service";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "./key-wrapper.ts";
import { KmsError } from "./kms-errors.ts";

export interface BoundedKeyWrapperOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A KMS that has not answered by then is taken for away. */
  readonly answerWithinMs: number;
}

/** What is remembered of a tenant whose KMS failed. */
interface Outage {
  readonly failures: number;
  /** Refused without asking until then, on the monotonic clock. */
  readonly untilMs: number;
  readonly error: KmsError;
}

const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 30_000;
/** Once it was away, nobody waits longer for it: most batches hold other tenants' records, too. */
const PATIENCE_MS = 200;

/**
 * Time-out and breaker around a KeyWrapper, so that one tenant's KMS can't hold up the others: an answer is waited for
 * once and for so long, then the tenant is refused at once, with what the KMS said last. From time to time a caller asks
 * again, for a moment; the answer counts even if it comes after that moment. A library's breaker does neither: it keeps
 * time by the wall clock, and lets all wait for the one that asks.
 */
export class BoundedKeyWrapper implements KeyWrapper {
  readonly #wrapper: KeyWrapper;
  readonly #options: BoundedKeyWrapperOptions;
  readonly #outages = new Map<string, Outage>();

  constructor(wrapper: KeyWrapper, options: BoundedKeyWrapperOptions) {
    this.#wrapper = wrapper;
    this.#options = options;
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

  #bounded({ tenantId }: Kek, ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const tenant = idToHex(tenantId);
    const outage = this.#outages.get(tenant);
    const nowMs = this.#options.clock.monotonicMs();
    if (outage !== undefined && nowMs < outage.untilMs) return Promise.reject(outage.error);
    // Whoever else comes meanwhile is refused and doesn't ask beside this one.
    if (outage !== undefined) this.#outages.set(tenant, { ...outage, untilMs: nowMs + this.#options.answerWithinMs });
    const answer = within(this.#options.answerWithinMs, ask());
    answer.then(
      () => this.#answered(tenant),
      (error: unknown) => this.#failed(tenant, error),
    );
    return outage === undefined ? answer : within(PATIENCE_MS, answer);
  }

  #answered(tenant: string): void {
    if (this.#outages.delete(tenant)) this.#options.log.info("a tenant's KMS answers again", { tenantId: tenant });
  }

  /** A KMS that answers with a refusal of these bytes is there. */
  #failed(tenant: string, cause: unknown): void {
    if (cause instanceof KmsError && cause.code === "KMS_CONTEXT_MISMATCH") {
      this.#answered(tenant);
      return;
    }
    const error = cause instanceof KmsError ? cause : away({ cause });
    const failures = (this.#outages.get(tenant)?.failures ?? 0) + 1;
    const pauseMs = Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    this.#outages.set(tenant, { failures, untilMs: this.#options.clock.monotonicMs() + pauseMs, error });
    this.#options.log.warn("a tenant's KMS doesn't answer", { tenantId: tenant, attempt: failures, error });
  }
}

const away = (options?: ErrorOptions): KmsError =>
  new KmsError(
    "KMS_UNREACHABLE",
    "The tenant's KMS doesn't answer: its messages wait, those of others go on.",
    options,
  );

/** @throws KMS_UNREACHABLE when the answer takes longer; what it holds is wiped when it comes */
async function within(ms: number, answer: Promise<Uint8Array>): Promise<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      answer.then(
        (bytes) => bytes.fill(0),
        () => undefined,
      );
      reject(away());
    }, ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
