import { ExponentialBackoff, handleWhen, retry, type RetryPolicy } from "cockatiel";
import type { DestroyedKek, Kek, KekDescription, KeyWrapper } from "./key-wrapper.ts";
import { KmsError } from "./kms-errors.ts";

/** After the first attempt. With the pauses between they fit into the second that a KMS is waited for. */
const MAX_RETRIES = 2;
const BACKOFF = { initialDelay: 40, maxDelay: 250 };

/**
 * Asks again, with jitter, when a KMS fails in a way that passes by itself: unreachable or throttled. All other refusals
 * come out at once; they are the same the next time.
 */
export class RetryingKeyWrapper implements KeyWrapper {
  readonly #wrapper: KeyWrapper;
  readonly #policy: RetryPolicy;

  constructor(wrapper: KeyWrapper) {
    this.#wrapper = wrapper;
    this.#policy = retry(
      handleWhen((error) => error instanceof KmsError && error.isUnavailable),
      { maxAttempts: MAX_RETRIES, backoff: new ExponentialBackoff(BACKOFF) },
    );
  }

  ensureKek(kek: Kek): Promise<void> {
    return this.#policy.execute(() => this.#wrapper.ensureKek(kek));
  }

  wrap(kek: Kek, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#policy.execute(() => this.#wrapper.wrap(kek, plaintext, context));
  }

  unwrap(kek: Kek, wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return this.#policy.execute(() => this.#wrapper.unwrap(kek, wrapped, context));
  }

  describe(kek: Kek): Promise<KekDescription> {
    return this.#policy.execute(() => this.#wrapper.describe(kek));
  }

  /** Once: an answer that was lost on its way may have been yes. */
  destroy(kek: Kek): Promise<DestroyedKek> {
    return this.#wrapper.destroy(kek);
  }
}
