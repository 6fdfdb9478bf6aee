import { idToHex } from "@cloister/envelope";
import type { Clock, Log } from "@cloister/service";
import { KeysError } from "../errors.ts";
import type { KeyWrapper } from "./key-wrapper.ts";

export type KmsOperation = keyof KeyWrapper;

export interface BoundedKeyWrapperOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A KMS that has not answered by then is taken for away. */
  readonly answerWithinMs: number;
  /** Told of each question that a KMS is asked. */
  readonly asked?: (operation: KmsOperation) => void;
}

/** What is remembered of a tenant whose KMS failed. */
interface Outage {
  readonly failures: number;
  /** Refused without asking until then, on the monotonic clock. */
  readonly untilMs: number;
}

const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 30_000;
/** Once it was away, nobody waits longer for it: most batches hold other tenants' records, too. */
const PATIENCE_MS = 200;

/**
 * Stands around a KeyWrapper so that one tenant's KMS can't hold up the others: an answer is waited for once and for so
 * long, then the tenant is refused at once. From time to time a caller asks again, for a moment; the answer counts even
 * if it comes after that moment.
 */
export class BoundedKeyWrapper implements KeyWrapper {
  readonly #wrapper: KeyWrapper;
  readonly #options: BoundedKeyWrapperOptions;
  readonly #outages = new Map<string, Outage>();

  constructor(wrapper: KeyWrapper, options: BoundedKeyWrapperOptions) {
    this.#wrapper = wrapper;
    this.#options = options;
  }

  /** Not bounded: only the request that makes the tenant waits for it. */
  ensureKek(tenantId: Uint8Array): Promise<void> {
    this.#options.asked?.("ensureKek");
    return this.#wrapper.ensureKek(tenantId);
  }

  wrap(tenantId: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return this.#bounded("wrap", tenantId, () => this.#wrapper.wrap(tenantId, plaintext, aad));
  }

  unwrap(tenantId: Uint8Array, wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
    return this.#bounded("unwrap", tenantId, () => this.#wrapper.unwrap(tenantId, wrapped, aad));
  }

  #bounded(operation: KmsOperation, tenantId: Uint8Array, ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const tenant = idToHex(tenantId);
    const outage = this.#outages.get(tenant);
    const nowMs = this.#options.clock.monotonicMs();
    if (outage !== undefined && nowMs < outage.untilMs) return Promise.reject(away());
    // Whoever else comes meanwhile is refused and doesn't ask beside this one.
    if (outage !== undefined) this.#outages.set(tenant, { ...outage, untilMs: nowMs + this.#options.answerWithinMs });
    this.#options.asked?.(operation);
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
  #failed(tenant: string, error: unknown): void {
    if (error instanceof KeysError && error.code !== "KMS_UNAVAILABLE") {
      this.#answered(tenant);
      return;
    }
    const failures = (this.#outages.get(tenant)?.failures ?? 0) + 1;
    const pauseMs = Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    this.#outages.set(tenant, { failures, untilMs: this.#options.clock.monotonicMs() + pauseMs });
    this.#options.log.warn("a tenant's KMS doesn't answer", { tenantId: tenant, attempt: failures, error });
  }
}

const away = (): KeysError =>
  new KeysError("KMS_UNAVAILABLE", "The tenant's KMS doesn't answer: its messages wait, those of others go on.");

/** @throws KMS_UNAVAILABLE when the answer takes longer; what it holds is wiped when it comes */
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
