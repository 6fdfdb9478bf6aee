import { create } from "@bufbuild/protobuf";
import { GetPolicyRequestSchema, type AuthorityChain } from "@cloister/contracts/keys/authority";
import { idToHex } from "@cloister/envelope";
import { PolicyError, verifyPolicy, verifyRoots, type Policy } from "@cloister/policy";
import { ProblemError, type Clock } from "@cloister/service";

import type { Authority } from "../authority/authority.ts";
import { problem } from "../ingest.problems.ts";
import type { Policies } from "./policies.ts";

/** What `keys` answered: a policy, or why there is none. */
interface Answer {
  readonly policy: Policy | ProblemError;
  readonly askedAtMonotonicMs: number;
}

export interface AuthorityPoliciesParts {
  readonly authority: Authority;
  readonly clock: Clock;
  /** How long a policy is used before `keys` is asked for a newer one. */
  readonly cacheMs: number;
}

/** Most tenants whose policies are kept in memory. */
const maxTenants = 10_000;

/** Anybody can name a policy that doesn't exist: how often `keys` is asked for it at most, for each tenant. */
const newerEveryMs = 1_000;

/**
 * Policies as `keys` has them, their signatures checked, asked for once in a while and once at a time. What `keys` has
 * not, a tenant or a version, it is asked for once a second at most.
 */
export class AuthorityPolicies implements Policies {
  readonly #parts: AuthorityPoliciesParts;
  readonly #known = new Map<string, Answer>();
  readonly #fetching = new Map<string, Promise<Policy>>();

  constructor(parts: AuthorityPoliciesParts) {
    this.#parts = parts;
  }

  async inForce(tenantId: Uint8Array, wantedVersion: number): Promise<Policy> {
    const tenant = idToHex(tenantId);
    const known = this.#known.get(tenant);
    if (known !== undefined && this.#isGood(known, wantedVersion)) return policyOf(known);
    return this.#fetching.get(tenant) ?? this.#fetch(tenant, tenantId);
  }

  forget(tenantId: Uint8Array): void {
    const tenant = idToHex(tenantId);
    this.#known.delete(tenant);
    // What is being asked for was asked before the new policy.
    this.#fetching.delete(tenant);
  }

  #isGood({ policy, askedAtMonotonicMs }: Answer, wantedVersion: number): boolean {
    const isWanted = !(policy instanceof ProblemError) && policy.version >= wantedVersion;
    const { clock, cacheMs } = this.#parts;
    return clock.monotonicMs() - askedAtMonotonicMs < (isWanted ? cacheMs : Math.min(cacheMs, newerEveryMs));
  }

  #fetch(tenant: string, tenantId: Uint8Array): Promise<Policy> {
    const fetching: Promise<Policy> = this.#ask(tenantId)
      .then((policy) => {
        const answer: Answer = { policy, askedAtMonotonicMs: this.#parts.clock.monotonicMs() };
        if (this.#fetching.get(tenant) === fetching) this.#keep(tenant, answer);
        return policyOf(answer);
      })
      .finally(() => {
        if (this.#fetching.get(tenant) === fetching) this.#fetching.delete(tenant);
      });
    this.#fetching.set(tenant, fetching);
    return fetching;
  }

  #keep(tenant: string, answer: Answer): void {
    if (this.#known.size >= maxTenants) this.#known.clear();
    this.#known.set(tenant, answer);
  }

  /** A refusal of `keys` is an answer, too; an outage is none, and is thrown. */
  async #ask(tenantId: Uint8Array): Promise<Policy | ProblemError> {
    const { authority, clock } = this.#parts;
    try {
      const { chain } = await authority.getPolicy(create(GetPolicyRequestSchema, { tenantId }));
      return verifiedPolicy(tenantId, chain, clock.nowMs());
    } catch (error) {
      if (error instanceof ProblemError && error.status < 500) return error;
      throw error;
    }
  }
}

/** @throws ProblemError why `keys` gave none */
function policyOf({ policy }: Answer): Policy {
  if (policy instanceof ProblemError) throw policy;
  return policy;
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
