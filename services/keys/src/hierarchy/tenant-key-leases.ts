import { randomBytes } from "node:crypto";
import type { KeysErrorCode } from "@cloister/contracts/keys/errors";
import { idToHex } from "@cloister/envelope";
import type { Clock } from "@cloister/service";
import { KeysError } from "../errors.ts";
import { kekOf, type Kek, type KeyWrapper, type KmsPolicy } from "../kms/key-wrapper.ts";
import { KmsError, type KmsErrorCode } from "../kms/kms-errors.ts";
import type { TenantRow } from "../records/tables.ts";
import { decodeFormerIssuers } from "./former-issuers.ts";
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
  /** As it was wrapped in the tenant's row. */
  readonly issuer: Uint8Array;
  readonly endsAtMs: number;
}

export type WrappedTenantKeys = Pick<
  TenantRow,
  "wrapped_wrapping_key" | "wrapped_issuer_key" | "wrapped_former_issuers"
>;

/** A tenant's row, and its verified policy, which says where the KEK is. */
export interface KeyedTenant {
  readonly tenant: TenantRow;
  readonly policy: KmsPolicy;
}

const WRAPPING_KEY_BYTES = 32;

/** The KMS is asked once per tenant and lease, not once per conversation. */
export class TenantKeyLeases {
  readonly #options: TenantKeyLeasesOptions;
  /** By tenant in hex; the oldest lease first. */
  readonly #leases = new Map<string, Lease>();

  constructor(options: TenantKeyLeasesOptions) {
    this.#options = options;
  }

  /** The keys of a new tenant, wrapped. Nothing is stored. @throws KMS_UNAVAILABLE, KMS_CREDENTIAL_UNTRUSTED */
  async create(policy: KeyedTenant["policy"]): Promise<WrappedTenantKeys> {
    const kek = kekOf(policy);
    const { tenantId } = kek;
    const wrappingKey = randomBytes(WRAPPING_KEY_BYTES);
    const issuerSeed = randomBytes(32);
    try {
      return {
        wrapped_wrapping_key: await this.#wrap(kek, wrappingKey),
        wrapped_issuer_key: wrapRow(wrappingKey, { kind: "issuer-key", tenantId }, issuerSeed),
        wrapped_former_issuers: null,
      };
    } finally {
      wrappingKey.fill(0);
      issuerSeed.fill(0);
    }
  }

  /**
   * The tenant's wrapping key, wrapped anew under the KEK that its next policy names. Nothing is stored.
   * @throws KMS_UNAVAILABLE when either KMS fails; KEY_CORRUPT
   */
  async rewrap(keyed: KeyedTenant, next: KeyedTenant["policy"]): Promise<Uint8Array> {
    const wrappingKey = await this.#wrappingKey(keyed);
    try {
      return await this.#wrap(kekOf(next), wrappingKey);
    } finally {
      wrappingKey.fill(0);
    }
  }

  /** @throws KMS_UNAVAILABLE, KMS_CREDENTIAL_UNTRUSTED; KEY_CORRUPT when the rows are not this tenant's */
  async open(keyed: KeyedTenant): Promise<TenantKeys> {
    const id = idToHex(keyed.tenant.tenant_id);
    const { clock, leaseMs } = this.#options;
    const held = this.#leases.get(id);
    const { wrapped_issuer_key: issuer } = keyed.tenant;
    // Another instance may have made another issuer key meanwhile.
    const isSame = held !== undefined && Buffer.compare(held.issuer, issuer) === 0;
    if (isSame && clock.monotonicMs() < held.endsAtMs) return held.keys;
    this.#end(id);
    const lease = { keys: this.#unwrap(keyed), issuer, endsAtMs: clock.monotonicMs() + leaseMs };
    this.#leases.set(id, lease);
    lease.keys.catch(() => this.#leases.get(id) === lease && this.#leases.delete(id));
    this.#evict();
    return lease.keys;
  }

  /** How long what was unwrapped is held at most. */
  get leaseMs(): number {
    return this.#options.leaseMs;
  }

  /** What the tenant's KMS answers to being asked for its wrapping key at this moment: a code, or undefined for the key. */
  async refusalNow(keyed: KeyedTenant): Promise<string | undefined> {
    try {
      (await this.#wrappingKey(keyed)).fill(0);
      return undefined;
    } catch (error) {
      if (!(error instanceof KeysError)) throw error;
      return error.cause instanceof KmsError ? error.cause.code : error.code;
    }
  }

  /** Forgets one tenant's keys. */
  forget(tenantId: Uint8Array): void {
    this.#end(idToHex(tenantId));
  }

  /** Forgets all keys. */
  destroy(): void {
    for (const id of [...this.#leases.keys()]) this.#end(id);
  }

  async #unwrap(keyed: KeyedTenant): Promise<TenantKeys> {
    const { tenant_id: tenantId, wrapped_issuer_key: wrappedIssuerKey, wrapped_former_issuers: former } = keyed.tenant;
    const wrappingKey = await this.#wrappingKey(keyed);
    const issuerSeed = unwrapRow(wrappingKey, { kind: "issuer-key", tenantId }, wrappedIssuerKey);
    try {
      const formerBytes = former && unwrapRow(wrappingKey, { kind: "former-issuers", tenantId }, former);
      return new TenantKeys(tenantId, wrappingKey, issuerSeed, formerBytes ? decodeFormerIssuers(formerBytes) : []);
    } finally {
      issuerSeed.fill(0);
    }
  }

  async #wrap(kek: Kek, wrappingKey: Uint8Array): Promise<Uint8Array> {
    const { wrapper } = this.#options;
    return refusing(async () => {
      await wrapper.ensureKek(kek);
      return wrapper.wrap(kek, wrappingKey, contextOf(kek.tenantId));
    });
  }

  async #wrappingKey({ tenant, policy }: KeyedTenant): Promise<Buffer> {
    const { tenant_id: tenantId, wrapped_wrapping_key: wrapped } = tenant;
    const kek = kekOf(policy);
    const unwrapped = await refusing(() => this.#options.wrapper.unwrap(kek, wrapped, contextOf(tenantId)));
    if (unwrapped.length !== WRAPPING_KEY_BYTES) {
      throw new KeysError("KEY_CORRUPT", "The tenant's KMS unwrapped something that is no wrapping key.");
    }
    const wrappingKey = Buffer.from(unwrapped);
    unwrapped.fill(0);
    return wrappingKey;
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

const contextOf = (tenantId: Uint8Array): Buffer => rowAad({ kind: "tenant-wrapping-key", tenantId });

function codeFor(code: KmsErrorCode): KeysErrorCode {
  if (code === "KMS_CONTEXT_MISMATCH") return "KEY_CORRUPT";
  return code === "KMS_CREDENTIAL_UNTRUSTED" || code === "KEYS_LOCKED" ? code : "KMS_UNAVAILABLE";
}

/** What a KMS refuses concerns its tenant alone, which waits; a caller learns this much and the log learns the rest. */
async function refusing<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof KmsError)) throw cause;
    throw new KeysError(codeFor(cause.code), cause.message, { cause });
  }
}
