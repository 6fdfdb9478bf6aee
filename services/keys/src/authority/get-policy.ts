import { create } from "@bufbuild/protobuf";
import {
  GetPolicyResponseSchema,
  type GetPolicyRequest,
  type GetPolicyResponse,
} from "@cloister/contracts/keys/authority";
import type { KeysParts } from "../keys.parts.ts";
import { requireBytes } from "../refusals.ts";

/** @throws KeysError MALFORMED, TENANT_UNKNOWN, POLICY_EXPIRED */
export async function getPolicy(parts: KeysParts, request: GetPolicyRequest): Promise<GetPolicyResponse> {
  requireBytes(request.tenantId, 16);
  const inForce = await parts.policies.inForce(request.tenantId);
  return create(GetPolicyResponseSchema, { chain: await parts.chains.of(inForce) });
}
