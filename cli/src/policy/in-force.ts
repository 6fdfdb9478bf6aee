import { ClientError, type Client } from "@cloister/client";
import type { Policy } from "@cloister/policy";

/** The policy that a system has in force, or why it can't be had: `code` is the service's or the verifier's. */
export type InForce =
  | { readonly kind: "policy"; readonly policy: Policy }
  | { readonly kind: "none" }
  | { readonly kind: "unknown"; readonly code: string };

/** @throws ClientError when the system can't be asked */
export async function policyInForce(client: Client): Promise<InForce> {
  try {
    return { kind: "policy", policy: (await client.verifiedChain()).policy };
  } catch (error) {
    if (!(error instanceof ClientError) || error.problem === undefined) throw error;
    const { code, problem } = error;
    if (problem === "TENANT_UNKNOWN") return { kind: "none" };
    if (code === "AUTHORITY_UNTRUSTED" || problem === "POLICY_EXPIRED") return { kind: "unknown", code: problem };
    throw error;
  }
}
