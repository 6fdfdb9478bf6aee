import { randomBytes } from "node:crypto";
import { idToHex } from "@cloister/envelope";
import type { Clock } from "@cloister/service";
import type { TenantRow } from "../records/tables.ts";
import type { KeyWrapper } from "./key-wrapper.ts";
import { rowAad, unwrapRow, wrapRow } from "./row-wrap.ts";
import { TenantKeys } from "./tenant-keys.ts";

export interface TenantKeyLeasesOptions {
  readonly wrapper: KeyWrapper;
  readonly clock: Clock;
  /** How long an unwrapped wrapping key is kept, on the monotonic clock. */
  readonly leaseMs: number;
  /** How many tenants' keys are held at once. */
  readonly capacity: number;
}

interface Lease {
  readonly keys: Promise<TenantKeys>;
  readonly endsAtMs: number;
}

export type WrappedTenantKeys = Pick<TenantRow, "wrapped_wrapping_key" | "wrapped_issuer_key">;

/** The KMS is asked once per tenant and lease, not once per conversation. */
export class TenantKeyLeases {
  readonly #options: TenantKeyLeasesOptions;
  /** By tenant in hex; the oldest lease first. */
  readonly #leases = new Map<string, Lease>();

  constructor(options: TenantKeyLeasesOptions) {
    this.#options = options;
  }

  /** The keys of a new tenant, wrapped. Nothing is stored. @throws KMS_UNAVAILABLE */
  async create(tenantId: Uint8Array): Promise<WrappedTenantKeys> {
    const { wrapper } = this.#options;
    const wrappingKey = randomBytes(32);
    const issuerSeed = randomBytes(32);
    try {
      await wrapper.ensureKek(tenantId);
      const aad = rowAad({ kind: "tenant-wrapping-key", tenantId });
      return {
        wrapped_wrapping_key: await wrapper.wrap(tenantId, wrappingKey, aad),
        wrapped_issuer_key: wrapRow(wrappingKey, { kind: "issuer-key", tenantId }, issuerSeed),
      };
    } finally {
      wrappingKey.fill(0);
      issuerSeed.fill(0);
    }
  }

  /** @throws KMS_UNAVAILABLE; KEY_CORRUPT when the rows are not this tenant's */
  async open(tenant: TenantRow): Promise<TenantKeys> {
    const id = idToHex(tenant.tenant_id);
    const { clock, leaseMs } = this.#options;
    const held = this.#leases.get(id);
    if (held !== undefined && clock.monotonicMs() < held.endsAtMs) return held.keys;
    this.#end(id);
    const lease = { keys: this.#unwrap(tenant), endsAtMs: clock.monotonicMs() + leaseMs };
    this.#leases.set(id, lease);
    lease.keys.catch(() => this.#leases.get(id) === lease && this.#leases.delete(id));
    this.#evict();
    return lease.keys;
  }

  /** Forgets all keys. */
  destroy(): void {
    for (const id of [...this.#leases.keys()]) this.#end(id);
  }

  async #unwrap(tenant: TenantRow): Promise<TenantKeys> {
    const tenantId = tenant.tenant_id;
    const aad = rowAad({ kind: "tenant-wrapping-key", tenantId });
    const wrappingKey = Buffer.from(await this.#options.wrapper.unwrap(tenantId, tenant.wrapped_wrapping_key, aad));
    const issuerSeed = unwrapRow(wrappingKey, { kind: "issuer-key", tenantId }, tenant.wrapped_issuer_key);
    try {
      return new TenantKeys(tenantId, wrappingKey, issuerSeed);
    } finally {
      issuerSeed.fill(0);
    }
  }

  #evict(): void {
    for (const id of this.#leases.keys()) {
      if (this.#leases.size <= this.#options.capacity) return;
      this.#end(id);
    }
  }

  #end(id: string): void {
    const lease = this.#leases.get(id);
    this.#leases.delete(id);
    lease?.keys.then(
      (keys) => keys.destroy(),
      () => undefined,
    );
  }
}
