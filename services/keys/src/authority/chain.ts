import { create } from "@bufbuild/protobuf";
import { AuthorityChainSchema, type AuthorityChain } from "@cloister/contracts/keys/authority";
import { noteSigner } from "@cloister/keyring";
import { signIssuerNote } from "@cloister/policy";
import type { KeysParts } from "../keys.parts.ts";
import type { TenantInForce } from "./policy-book.ts";

/** All that ties the tenant's genesis root to its issuer key, as of now. */
export async function authorityChain(parts: KeysParts, inForce: TenantInForce): Promise<AuthorityChain> {
  const { tenant, policyNote, rootRotations, policy } = inForce;
  // From the unwrapped key and no column: the operator can write columns.
  const { issuer } = await parts.tenantKeys.open(tenant);
  const issuerNote = signIssuerNote(
    { tenantId: policy.tenantId, issuerKey: issuer.publicKeyBytes, issuedAtMs: parts.clock.nowMs() },
    noteSigner(parts.identity.signer),
  );
  return create(AuthorityChainSchema, {
    genesisRoot: tenant.genesis_root,
    rootRotations: [...rootRotations],
    policy: policyNote,
    keysEvidence: await parts.identity.standingEvidence(),
    issuerNote,
  });
}
