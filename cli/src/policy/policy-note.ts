import { deriveTenantId } from "@cloister/envelope";
import { PolicyError, readUnverifiedPolicy, verifyPolicy, type Policy } from "@cloister/policy";
import type { RootHistory } from "../tenant/tenant-folder.ts";
import { hexOf } from "../terminal.ts";

/** How a note's signature was checked: with its rotations missing, a later root can't be traced to the genesis root. */
export type SignatureCheck =
  | "by the tenant's root"
  | "by a later root, which the tenant's rotations lead to"
  | "by a later root; its rotation was not checked";

export interface ReadPolicy {
  readonly policy: Policy;
  readonly signature: SignatureCheck;
}

/**
 * Reads a policy of any age and checks what the note proves by itself: its tenant id commits to its genesis root, and
 * its newest root signed it. With the tenant's history of roots, that this root is the one that it leads to.
 * @throws PolicyError NOTE_MALFORMED, NOTE_UNSIGNED, SIGNATURE_INVALID, POLICY_MALFORMED, POLICY_FOREIGN
 */
export function readSignedPolicy(note: Uint8Array, history?: RootHistory): ReadPolicy {
  const { tenantId, roots, notBeforeMs } = readUnverifiedPolicy(note);
  const [genesis] = roots;
  if (genesis === undefined || hexOf(deriveTenantId(genesis)) !== hexOf(tenantId)) {
    throw new PolicyError("POLICY_FOREIGN", "The policy names a tenant that its first root key doesn't belong to.");
  }
  const { policy } = verifyPolicy(note, { tenantId, roots, nowMs: notBeforeMs, allowDevelopment: true });
  if (roots.length === 1) return { policy, signature: "by the tenant's root" };
  const leadsThere =
    history !== undefined &&
    roots.every((root, index) => hexOf(root) === hexOf(history.roots[index] ?? new Uint8Array()));
  return {
    policy,
    signature: leadsThere
      ? "by a later root, which the tenant's rotations lead to"
      : "by a later root; its rotation was not checked",
  };
}
