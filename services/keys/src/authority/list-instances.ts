import { create } from "@bufbuild/protobuf";
import {
  AdmittedInstanceSchema,
  ListInstancesResponseSchema,
  type AdmittedInstance,
  type ListInstancesRequest,
  type ListInstancesResponse,
} from "@cloister/contracts/keys/authority";
import { KeysError } from "../errors.ts";
import type { TenantKeys } from "../hierarchy/tenant-keys.ts";
import type { KeysParts } from "../keys.parts.ts";
import { requireBytes } from "../refusals.ts";
import { admitInstance } from "../release/admit-instance.ts";
import type { AttestedSession, Sessions } from "../release/sessions.ts";
import { missingHere } from "./custody.ts";
import type { TenantInForce } from "./policy-book.ts";

/**
 * The instances that would get the tenant's keys now, each with its evidence and the issuer's certificate: what a client
 * verifies message by message, to look at beforehand. Instances that the tenant's policy refuses are left out.
 * @throws KeysError MALFORMED, TENANT_UNKNOWN, POLICY_EXPIRED, KMS_UNAVAILABLE
 */
export async function listInstances(
  parts: KeysParts,
  sessions: Sessions,
  request: ListInstancesRequest,
): Promise<ListInstancesResponse> {
  requireBytes(request.tenantId, 16);
  const inForce = await parts.policies.inForce(request.tenantId);
  const [keys, chain] = await Promise.all([parts.tenantKeys.open(inForce), parts.chains.of(inForce)]);
  const instances = await Promise.all(sessions.lasting().map((session) => admitted(parts, session, inForce, keys)));
  return create(ListInstancesResponseSchema, {
    chain,
    instances: instances.flat(),
    missingGuarantees: [...missingHere(parts, inForce.policy)],
  });
}

async function admitted(
  parts: KeysParts,
  session: AttestedSession,
  inForce: TenantInForce,
  keys: TenantKeys,
): Promise<AdmittedInstance[]> {
  try {
    const { certificate } = await admitInstance(parts, session, inForce, keys);
    return [create(AdmittedInstanceSchema, { evidence: session.evidence, certificate })];
  } catch (error) {
    if (error instanceof KeysError) return [];
    throw error;
  }
}
