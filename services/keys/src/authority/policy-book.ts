import { createHash } from "node:crypto";
import type { Kysely } from "kysely";
import { readUnverifiedPolicy, requireSeenRoots, verifyPolicy, verifyRoots, type Policy } from "@cloister/policy";
import type { Clock } from "@cloister/service";
import { KeysError } from "../errors.ts";
import { decodeByteList } from "../records/byte-list.ts";
import type { KeysTables, PolicyRow, TenantRow } from "../records/tables.ts";
import { findNewestPolicy, findTenant } from "../records/tenants.ts";
import { refusing } from "../refusals.ts";

/** A tenant under its newest policy, verified from its genesis root by this process. */
export interface TenantInForce {
  readonly tenant: TenantRow;
  readonly policy: Policy;
  /** 32 bytes. */
  readonly policyHash: Uint8Array;
  readonly policyNote: Uint8Array;
  readonly rootRotations: readonly Uint8Array[];
}

const MAX_HELD = 1_000;

/** The operator owns the database, so a stored policy counts only after its signatures were checked here again. */
export class PolicyBook {
  readonly #db: Kysely<KeysTables>;
  readonly #clock: Clock;
  readonly #allowDevelopment: boolean;
  /** By tenant and digest of what is stored. */
  readonly #verified = new Map<string, TenantInForce>();
  /** The newest that this process saw, by tenant in hex: rows that are taken away lead to no older policy or root. */
  readonly #newest = new Map<string, Pick<Policy, "version" | "roots">>();

  constructor(db: Kysely<KeysTables>, clock: Clock, allowDevelopment: boolean) {
    this.#db = db;
    this.#clock = clock;
    this.#allowDevelopment = allowDevelopment;
  }

  /** @throws KeysError TENANT_UNKNOWN; POLICY_STALE, POLICY_EXPIRED and the other refusals of a policy */
  async inForce(tenantId: Uint8Array): Promise<TenantInForce> {
    const newest = await this.newest(tenantId);
    const nowMs = this.#clock.nowMs();
    if (nowMs >= newest.policy.notBeforeMs && nowMs < newest.policy.expiresAtMs) return newest;
    throw new KeysError("POLICY_EXPIRED", "The tenant's newest policy is expired; have the tenant sign a new one.");
  }

  /** As `inForce`, also when it has expired: what proves a destruction is given after that, too. */
  async newest(tenantId: Uint8Array): Promise<TenantInForce> {
    const tenant = await findTenant(this.#db, tenantId);
    const row = tenant && (await findNewestPolicy(this.#db, tenantId));
    const isAsked = tenant !== undefined && Buffer.compare(tenant.tenant_id, tenantId) === 0;
    if (!isAsked || row === undefined) {
      throw new KeysError("TENANT_UNKNOWN", "No policy of this tenant was applied here.");
    }
    const name = nameOf(tenant, row);
    const verified = this.#verified.get(name) ?? this.#verify(tenant, row);
    this.#hold(name, verified);
    this.#requireNewest(verified);
    return verified;
  }

  #verify(tenant: TenantRow, row: PolicyRow): TenantInForce {
    const rootRotations = decodeByteList(row.root_rotations);
    const { tenant_id: tenantId } = tenant;
    const { policy, policyHash } = refusing(() =>
      verifyPolicy(row.note, {
        tenantId,
        roots: verifyRoots(tenantId, tenant.genesis_root, rootRotations),
        // Any time of its life: `inForce` judges that by the clock, at every use.
        nowMs: readUnverifiedPolicy(row.note).notBeforeMs,
        allowDevelopment: this.#allowDevelopment,
        knownVersion: row.version,
      }),
    );
    return { tenant, policy, policyHash, policyNote: row.note, rootRotations };
  }

  #requireNewest({ tenant, policy }: TenantInForce): void {
    const tenantHex = Buffer.from(tenant.tenant_id).toString("hex");
    const { version: newestVersion, roots: seen } = this.#newest.get(tenantHex) ?? { version: 0, roots: [] };
    if (policy.version < newestVersion) {
      throw new KeysError("POLICY_STALE", "A newer policy of this tenant was in force here: apply it again.");
    }
    refusing(() => {
      requireSeenRoots(policy.roots, seen);
    });
    this.#newest.set(tenantHex, { version: policy.version, roots: policy.roots });
  }

  #hold(name: string, verified: TenantInForce): void {
    this.#verified.delete(name);
    this.#verified.set(name, verified);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > MAX_HELD && oldest !== undefined) this.#verified.delete(oldest);
  }
}

function nameOf(tenant: TenantRow, row: PolicyRow): string {
  const hash = createHash("sha256").update(tenant.tenant_id).update(tenant.genesis_root);
  const keys = hash.update(tenant.wrapped_wrapping_key).update(tenant.wrapped_issuer_key);
  keys.update(tenant.wrapped_former_issuers ?? Buffer.alloc(0));
  return keys.update(row.root_rotations).update(row.note).digest("hex");
}
