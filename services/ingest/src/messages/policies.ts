import type { Policy } from "@cloister/policy";

/** Injection token of Policies. */
export const POLICIES = Symbol("Policies");

/** What is known of the tenants' policies. */
export interface Policies {
  /**
   * The newest known policy. It is asked for anew when `wantedVersion` is newer than what was known, which it may be
   * still: versions are claimed by whoever writes a message.
   * @throws ProblemError of the Authority: TENANT_UNKNOWN, AUTHORITY_UNAVAILABLE …
   */
  inForce(tenantId: Uint8Array, wantedVersion: number): Promise<Policy>;
  /** A new policy was applied: the next look asks for it. */
  forget(tenantId: Uint8Array): void;
}
