import { equalBytes } from "@noble/curves/utils.js";
import type { EvidenceVerifier, VerifiedEvidence } from "@cloister/attestation";
import { PolicyError } from "./errors.ts";
import { deriveTenantId, type TenantId } from "@cloister/envelope";
import { verifyInstanceEvidence } from "./instance-evidence.ts";
import type { FormerIssuer } from "./issuer-keys.ts";
import type { Policy } from "./policy.ts";
import { verifyIssuerNote } from "./statements/issuer-note.ts";
import { verifyRootRotation } from "./statements/root-rotation.ts";
import { verifyPolicy } from "./statements/tenant-policy.ts";
import type { AuthorityChainFields } from "./wire.ts";

export interface ChainToVerify {
  /** From the verifier's own configuration, never from the message. 16 bytes. */
  readonly tenantId: Uint8Array;
  /** The `AuthorityChain` message. */
  readonly chain: AuthorityChainFields;
  readonly nowMs: number;
  /** The evidence formats that this build trusts. */
  readonly verifiers: readonly EvidenceVerifier[];
  /** Production builds pass false. */
  readonly allowDevelopment: boolean;
  /** The newest policy version that the verifier has seen. */
  readonly knownPolicyVersion?: number;
}

/** What everything else of the tenant is checked against. */
export interface VerifiedChain {
  readonly tenantId: TenantId;
  readonly roots: readonly Uint8Array[];
  readonly policy: Policy;
  /** SHA-256 of the policy's signed text, 32 bytes. */
  readonly policyHash: Uint8Array;
  readonly keysEvidence: VerifiedEvidence;
  /** Ed25519, 32 bytes. */
  readonly issuerKey: Uint8Array;
  /** Those of before it, which count for what they signed until they were retired. */
  readonly formerIssuers?: readonly FormerIssuer[];
}

/**
 * Follows the chain of authority: genesis root → tenant id → rotations → policy → evidence of `keys` → issuer.
 * @throws PolicyError ROOT_UNTRUSTED if the genesis root isn't the tenant's or a rotation doesn't follow; those of
 * `verifyPolicy`, `verifyInstanceEvidence` and `verifyIssuerNote`.
 */
export async function verifyAuthorityChain(input: ChainToVerify): Promise<VerifiedChain> {
  const { chain, nowMs, verifiers } = input;
  const roots = verifyRoots(input.tenantId, chain.genesisRoot, chain.rootRotations);
  const tenantId = deriveTenantId(chain.genesisRoot);
  const { policy, policyHash } = verifyPolicy(chain.policy, {
    tenantId,
    roots,
    nowMs,
    allowDevelopment: input.allowDevelopment,
    ...(input.knownPolicyVersion === undefined ? {} : { knownVersion: input.knownPolicyVersion }),
  });
  if (chain.keysEvidence === undefined) {
    throw new PolicyError("EVIDENCE_INVALID", "The chain carries no evidence of the keys service.");
  }
  const keysEvidence = await verifyInstanceEvidence(chain.keysEvidence, policy, { role: "keys", nowMs, verifiers });
  const keysSigningPublicKey = keysEvidence.signingPublicKey;
  const { issuerKey, formerIssuers = [] } = verifyIssuerNote(chain.issuerNote, { tenantId, keysSigningPublicKey });
  return { tenantId, roots, policy, policyHash, keysEvidence, issuerKey, formerIssuers };
}

/**
 * The tenant's roots, genesis first, each signed by the one before.
 * @throws PolicyError ROOT_UNTRUSTED; those of `openNote`; STATEMENT_MALFORMED.
 */
export function verifyRoots(
  tenantId: Uint8Array,
  genesisRoot: Uint8Array,
  rotations: readonly Uint8Array[],
): readonly Uint8Array[] {
  if (genesisRoot.length !== 32 || !equalBytes(deriveTenantId(genesisRoot), tenantId)) {
    throw new PolicyError("ROOT_UNTRUSTED", "The genesis root is not the one that the tenant's id is made of.");
  }
  let previousRoot = genesisRoot;
  const roots = [genesisRoot];
  for (const [position, note] of rotations.entries()) {
    previousRoot = verifyRootRotation(note, { tenantId, previousRoot, index: position + 1 }).newRoot;
    roots.push(previousRoot);
  }
  return roots;
}

/**
 * For who has seen this tenant's roots before: a root that stepped down does not come back by a chain that leaves its
 * rotation out, nor by another rotation that it signed.
 * @throws PolicyError ROOT_UNTRUSTED unless `roots` begin with all of `seen`
 */
export function requireSeenRoots(roots: readonly Uint8Array[], seen: readonly Uint8Array[]): void {
  if (seen.every((root, index) => equalBytes(root, roots[index] ?? new Uint8Array()))) return;
  throw new PolicyError("ROOT_UNTRUSTED", "The chain leaves out a rotation of the tenant's root that was seen before.");
}
