import { sha256 } from "@noble/hashes/sha2.js";
import { create } from "@bufbuild/protobuf";
import {
  ApplyPolicyResponseSchema,
  type ApplyPolicyRequest,
  type ApplyPolicyResponse,
} from "@cloister/contracts/keys/authority";
import { deriveTenantId, idToHex } from "@cloister/envelope";
import { unverifiedNoteText, verifyPolicy, verifyRoots, type Policy, type VerifiedPolicy } from "@cloister/policy";
import { inTransaction, ofTenants } from "@cloister/storage";
import { KeysError } from "../errors.ts";
import { missingHere, requireServed } from "./custody.ts";
import type { KeysParts } from "../keys.parts.ts";
import { kekOf } from "../kms/key-wrapper.ts";
import { decodeByteList, encodeByteList } from "../records/byte-list.ts";
import type { PolicyRow } from "../records/tables.ts";
import { findNewestPolicy, findTenant, insertPolicy, insertTenant, replaceWrappingKey } from "../records/tenants.ts";
import { refusing, requireBytes, requireKemPublicKey } from "../refusals.ts";

/**
 * Checks a policy from its genesis root on and keeps it. The first one makes the tenant and its keys; the same again
 * changes nothing.
 * @throws KeysError SIGNATURE_INVALID, POLICY_INVALID, POLICY_FOREIGN, POLICY_EXPIRED, POLICY_STALE for an older
 * version, POLICY_CONFLICT for another text of a known version, DEVELOPMENT_REFUSED, DEVELOPMENT_POLICY_REQUIRED,
 * KMS_CREDENTIAL_UNTRUSTED, KMS_UNAVAILABLE
 */
export async function applyPolicy(parts: KeysParts, request: ApplyPolicyRequest): Promise<ApplyPolicyResponse> {
  requireBytes(request.genesisRoot, 32);
  const tenantId = deriveTenantId(request.genesisRoot);
  const verified = verifyRequest(parts, tenantId, request);
  const newest = await findNewestPolicy(parts.db, tenantId);
  if (newest === undefined) {
    await makeTenant(parts, verified.policy, request.genesisRoot);
    await keep(parts, request, verified);
  } else if (isSuccessor(newest, request, verified)) {
    await keep(parts, request, verified, await movedKeys(parts, verified.policy));
  }
  parts.unlocked.keep(idToHex(tenantId));
  return create(ApplyPolicyResponseSchema, { tenantId, policyVersion: BigInt(verified.policy.version) });
}

function verifyRequest(parts: KeysParts, tenantId: Uint8Array, request: ApplyPolicyRequest): VerifiedPolicy {
  const { clock, allowDevelopment } = parts;
  const verified = refusing(() => {
    const roots = verifyRoots(tenantId, request.genesisRoot, request.rootRotations);
    return verifyPolicy(request.policy, { tenantId, roots, nowMs: clock.nowMs(), allowDevelopment });
  });
  requireServed(parts, tenantId);
  for (const { kemPublicKey } of verified.policy.recipients) requireKemPublicKey(kemPublicKey, "POLICY_INVALID");
  const missing = missingHere(parts, verified.policy);
  if (missing.length > 0 && !verified.policy.development) {
    throw new KeysError("DEVELOPMENT_POLICY_REQUIRED", `Mark the policy as development, since: ${missing.join(" ")}`);
  }
  return verified;
}

/** False for the newest policy itself, sent again. */
function isSuccessor(newest: PolicyRow, request: ApplyPolicyRequest, { policy, policyHash }: VerifiedPolicy): boolean {
  if (policy.version < newest.version) {
    throw new KeysError("POLICY_STALE", "A newer policy of this tenant is in force; versions only grow.");
  }
  if (policy.version === newest.version) {
    if (Buffer.compare(sha256(Buffer.from(unverifiedNoteText(newest.note))), policyHash) === 0) return false;
    throw new KeysError("POLICY_CONFLICT", "Another text is in force under this version; sign it with the next one.");
  }
  requireSameHistory(decodeByteList(newest.root_rotations), request.rootRotations);
  return true;
}

/** A root that stepped down can't come back by leaving its own rotation out. */
function requireSameHistory(known: readonly Uint8Array[], sent: readonly Uint8Array[]): void {
  const isPrefix = known.every((rotation, index) => Buffer.compare(rotation, sent[index] ?? Buffer.alloc(0)) === 0);
  if (!isPrefix) throw new KeysError("POLICY_FOREIGN", "The policy leaves out a rotation of the tenant's root.");
}

async function makeTenant({ db, tenantKeys, clock }: KeysParts, policy: Policy, genesisRoot: Uint8Array) {
  const { tenantId } = policy;
  if ((await findTenant(db, tenantId)) !== undefined) return;
  const keys = await tenantKeys.create(policy);
  await insertTenant(db, { ...keys, tenant_id: tenantId, genesis_root: genesisRoot, created_at_ms: clock.nowMs() });
}

interface MovedKeys {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** The wrapping key under the KEK that the next policy names, when that is another one, or asked for on other terms. */
async function movedKeys({ policies, tenantKeys }: KeysParts, next: Policy): Promise<MovedKeys | undefined> {
  const standing = await policies.newest(next.tenantId);
  const [was, is] = [kekOf(standing.policy), kekOf(next)];
  const isSame = was.provider === is.provider && was.keyRef === is.keyRef;
  if (isSame && was.trustsCredential === is.trustsCredential) return undefined;
  return { before: standing.tenant.wrapped_wrapping_key, after: await tenantKeys.rewrap(standing, next) };
}

/** Policy and moved keys together: either alone would leave keys under a KEK that nobody is asked for. */
async function keep(
  { db, clock }: KeysParts,
  request: ApplyPolicyRequest,
  { policy, policyHash }: VerifiedPolicy,
  moved?: MovedKeys,
): Promise<void> {
  const { tenantId } = policy;
  const isKept = await inTransaction(db, ofTenants([tenantId]), async (tx) => {
    const isNew = await insertPolicy(tx, {
      tenant_id: tenantId,
      version: policy.version,
      note: request.policy,
      root_rotations: encodeByteList(request.rootRotations),
      applied_at_ms: clock.nowMs(),
    });
    if (isNew && moved !== undefined) await replaceWrappingKey(tx, tenantId, moved.before, moved.after);
    return isNew;
  });
  if (isKept) return;
  // Somebody applied this version at the same time: it is ours, or a conflict.
  const newest = await findNewestPolicy(db, tenantId);
  if (newest !== undefined) isSuccessor(newest, request, { policy, policyHash });
}
