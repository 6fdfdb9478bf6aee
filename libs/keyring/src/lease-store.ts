import type { Clock } from "@cloister/service";

export interface Lease<Value> {
  readonly value: Value;
  /** On the monotonic clock. */
  readonly endsAtMs: number;
  /** Wall time from which the value must not be used, whatever the lease says. */
  readonly notAfterMs: number;
}

/** Leased values by name, at most `capacity`, the oldest given up first. `destroy` gets each value that leaves. */
export class LeaseStore<Value> {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #destroy: (value: Value) => void;
  readonly #leases = new Map<string, Lease<Value>>();

  constructor(clock: Clock, capacity: number, destroy: (value: Value) => void = () => undefined) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#destroy = destroy;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** The lease if it goes on for at least `remainingMs` more. */
  get(name: string, remainingMs = 0): Lease<Value> | undefined {
    const lease = this.#leases.get(name);
    if (lease === undefined || !this.isLive(lease)) return undefined;
    return lease.endsAtMs - this.#clock.monotonicMs() >= remainingMs ? lease : undefined;
  }

  isLive(lease: Lease<Value>): boolean {
    return isLiveAt(lease, this.#clock.monotonicMs(), this.#clock.nowMs());
  }

  /** Replaces what is there; the same value again is a renewal and lives on. */
  put(name: string, lease: Lease<Value>): void {
    if (this.#leases.get(name)?.value === lease.value) this.#leases.delete(name);
    this.#drop(name);
    this.#leases.set(name, lease);
    for (const oldest of this.#leases.keys()) {
      if (this.#leases.size <= this.#capacity) break;
      this.#drop(oldest);
    }
  }

  /** Destroys what has ended. */
  sweep(): void {
    const [monotonicMs, nowMs] = [this.#clock.monotonicMs(), this.#clock.nowMs()];
    for (const [name, lease] of this.#leases) if (!isLiveAt(lease, monotonicMs, nowMs)) this.#drop(name);
  }

  /** Destroys what has this name, or one below it as in `name/…`. */
  evict(name: string): void {
    for (const held of [...this.#leases.keys()]) {
      if (held === name || held.startsWith(`${name}/`)) this.#drop(held);
    }
  }

  clear(): void {
    for (const name of [...this.#leases.keys()]) this.#drop(name);
  }

  #drop(name: string): void {
    const lease = this.#leases.get(name);
    if (lease === undefined) return;
    this.#leases.delete(name);
    this.#destroy(lease.value);
  }
}

function isLiveAt({ endsAtMs, notAfterMs }: Lease<unknown>, monotonicMs: number, nowMs: number): boolean {
  return monotonicMs < endsAtMs && nowMs < notAfterMs;
}
