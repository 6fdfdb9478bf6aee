import { idToHex } from "@cloister/envelope";
import type { Clock } from "@cloister/service";
import type { Caller } from "../doors/caller.ts";
import { KeysError } from "../errors.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** How much one may ask for, so that no one keeps `keys` from the others; ten seconds of it at once. */
export interface KeysRates {
  /** Of one network address, at the Release door: each makes `keys` collect evidence. */
  readonly handshakesPerSecond: number;
  /** Of one instance, at the Release door. */
  readonly instanceCallsPerSecond: number;
  /** Keys and records that instances ask for of one tenant. */
  readonly tenantKeysPerSecond: number;
  /** About one tenant, at the Authority door. */
  readonly tenantCallsPerSecond: number;
}

/** Some ten times of what one machine's pipeline was seen to need. */
export const defaultRates: KeysRates = {
  handshakesPerSecond: 20,
  instanceCallsPerSecond: 500,
  tenantKeysPerSecond: 10_000,
  tenantCallsPerSecond: 500,
};

const BURST_SECONDS = 10;

/** Each method throws KeysError TOO_MANY_CALLS, with how long to wait, for who has none left. */
export class KeysLimits {
  readonly #handshakes: TokenBuckets;
  readonly #instanceCalls: TokenBuckets;
  readonly #tenantKeys: TokenBuckets;
  readonly #tenantCalls: TokenBuckets;

  constructor(rates: KeysRates, clock: Pick<Clock, "monotonicMs">) {
    const buckets = (perSecond: number): TokenBuckets =>
      new TokenBuckets({ perSecond, burst: perSecond * BURST_SECONDS }, clock);
    this.#handshakes = buckets(rates.handshakesPerSecond);
    this.#instanceCalls = buckets(rates.instanceCallsPerSecond);
    this.#tenantKeys = buckets(rates.tenantKeysPerSecond);
    this.#tenantCalls = buckets(rates.tenantCallsPerSecond);
  }

  handshake({ address }: Caller): void {
    refuseAfter(this.#handshakes.take(address), "An address begins more sessions than are taken from one.");
  }

  /** An instance is its TLS key: one process has one. */
  instanceCall({ address, channel }: Caller): void {
    const instance = channel === undefined ? address : idToHex(channel.client);
    refuseAfter(this.#instanceCalls.take(instance), "An instance makes more calls than are taken from one.");
  }

  tenantKeys(tenantId: Uint8Array, count: number): void {
    refuseAfter(
      this.#tenantKeys.take(idToHex(tenantId), count),
      "More keys of a tenant are asked for than are given of one.",
    );
  }

  /** `tenant`: its id, or the genesis root that its id is made of. */
  tenantCall(tenant: Uint8Array): void {
    refuseAfter(
      this.#tenantCalls.take(idToHex(tenant)),
      "More calls about a tenant are made than are taken about one.",
    );
  }
}

function refuseAfter(waitMs: number, message: string): void {
  if (waitMs > 0) throw new KeysError("TOO_MANY_CALLS", message, { retryAfterMs: waitMs });
}
