import { create } from "@bufbuild/protobuf";
import { AuthorityChainSchema, type AuthorityChain, type InstanceEvidence } from "@cloister/contracts/keys/authority";
import type { InstanceIdentity } from "@cloister/keyring";
import { noteSigner, signIssuerNote } from "@cloister/policy";
import type { Clock } from "@cloister/service";
import type { TenantKeyLeases } from "../hierarchy/tenant-key-leases.ts";
import type { TenantInForce } from "./policy-book.ts";

interface AuthorityChainsOptions {
  readonly identity: InstanceIdentity;
  readonly tenantKeys: TenantKeyLeases;
  readonly clock: Clock;
}

/** All that ties a tenant's genesis root to its issuer key; the same bytes for as long as evidence and policy stay. */
export class AuthorityChains {
  readonly #options: AuthorityChainsOptions;
  readonly #written = new WeakMap<TenantInForce, { chain: AuthorityChain; keysEvidence: InstanceEvidence }>();

  constructor(options: AuthorityChainsOptions) {
    this.#options = options;
  }

  /** @throws KeysError KMS_UNAVAILABLE, KEY_CORRUPT */
  async of(inForce: TenantInForce): Promise<AuthorityChain> {
    const keysEvidence = await this.#options.identity.standingEvidence();
    const written = this.#written.get(inForce);
    if (written?.keysEvidence === keysEvidence) return written.chain;
    const chain = await this.#write(inForce, keysEvidence);
    this.#written.set(inForce, { chain, keysEvidence });
    return chain;
  }

  async #write(inForce: TenantInForce, keysEvidence: InstanceEvidence): Promise<AuthorityChain> {
    const { identity, tenantKeys, clock } = this.#options;
    const { tenant, policyNote, rootRotations, policy } = inForce;
    // From the unwrapped key and no column: the operator can write columns.
    const { issuer, formerIssuers } = await tenantKeys.open(inForce);
    const issuerNote = signIssuerNote(
      {
        tenantId: policy.tenantId,
        issuerKey: issuer.publicKeyBytes,
        issuedAtMs: clock.nowMs(),
        ...(formerIssuers.length > 0 && { formerIssuers: [...formerIssuers] }),
      },
      noteSigner(identity.signer),
    );
    return create(AuthorityChainSchema, {
      genesisRoot: tenant.genesis_root,
      rootRotations: [...rootRotations],
      policy: policyNote,
      keysEvidence,
      issuerNote,
    });
  }
}
