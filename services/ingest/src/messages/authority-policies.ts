import { create } from "@bufbuild/protobuf";
import { GetPolicyRequestSchema, type AuthorityChain } from "@cloister/contracts/keys/authority";
import { idToHex } from "@cloister/envelope";
import { PolicyError, verifyPolicy, verifyRoots, type Policy } from "@cloister/policy";
import type { Clock } from "@cloister/service";

import type { Authority } from "../authority/authority.ts";
import { problem } from "../ingest.problems.ts";
import type { Policies } from "./policies.ts";

interface KnownPolicy {
  readonly policy: Policy;
  readonly fetchedAtMonotonicMs: number;
}

export interface AuthorityPoliciesParts {
  readonly authority: Authority;
  readonly clock: Clock;
  /** How long a policy is used before `keys` is asked for a newer one. */
  readonly cacheMs: number;
}

/** Most tenants whose policies are kept in memory. */
const maxTenants = 10_000;

/** Policies as `keys` has them, their signatures checked, asked for once in a while and once at a time. */
export class AuthorityPolicies implements Policies {
  readonly #parts: AuthorityPoliciesParts;
  readonly #known = new Map<string, KnownPolicy>();
  readonly #fetching = new Map<string, Promise<Policy>>();

  constructor(parts: AuthorityPoliciesParts) {
    this.#parts = parts;
  }

  async inForce(tenantId: Uint8Array, wantedVersion: number): Promise<Policy> {
    const tenant = idToHex(tenantId);
    const known = this.#known.get(tenant);
    if (known !== undefined && this.#isFresh(known) && known.policy.version >= wantedVersion) return known.policy;
    const fetching = this.#fetching.get(tenant) ?? this.#fetch(tenant, tenantId);
    return fetching;
  }

  forget(tenantId: Uint8Array): void {
    this.#known.delete(idToHex(tenantId));
  }

  #isFresh({ fetchedAtMonotonicMs }: KnownPolicy): boolean {
    return this.#parts.clock.monotonicMs() - fetchedAtMonotonicMs < this.#parts.cacheMs;
  }

  #fetch(tenant: string, tenantId: Uint8Array): Promise<Policy> {
    const { authority, clock } = this.#parts;
    const fetching = authority
      .getPolicy(create(GetPolicyRequestSchema, { tenantId }))
      .then(({ chain }) => {
        const policy = verifiedPolicy(tenantId, chain, clock.nowMs());
        if (this.#known.size >= maxTenants) this.#known.clear();
        this.#known.set(tenant, { policy, fetchedAtMonotonicMs: clock.monotonicMs() });
        return policy;
      })
      .finally(() => this.#fetching.delete(tenant));
    this.#fetching.set(tenant, fetching);
    return fetching;
  }
}

function verifiedPolicy(tenantId: Uint8Array, chain: AuthorityChain | undefined, nowMs: number): Policy {
  if (chain === undefined) throw problem("AUTHORITY_UNAVAILABLE", "The key service gave no policy. Try again later.");
  try {
    const roots = verifyRoots(tenantId, chain.genesisRoot, chain.rootRotations);
    // Whether a development policy may be used here is for `keys` to say, which has applied it.
    return verifyPolicy(chain.policy, { tenantId, roots, nowMs, allowDevelopment: true }).policy;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    if (error.code === "POLICY_EXPIRED") throw problem("POLICY_EXPIRED", error.message);
    throw problem("AUTHORITY_UNAVAILABLE", "The key service gave a policy that its tenant did not sign.");
  }
}
