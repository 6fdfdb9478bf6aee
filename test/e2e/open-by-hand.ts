import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { simulatedVerifier } from "@cloister/attestation/simulated";
import { OpenConversationRequestSchema, OpenConversationResponseSchema } from "@cloister/contracts/keys/authority";
import { deriveConversationId } from "@cloister/envelope";
import { verifyAuthorityChain, verifyConversationStatement } from "@cloister/policy";
import type { Device, OpenedConversation } from "./device.ts";
import type { TestTenant } from "./tenant.ts";

/** Opens a conversation below the SDK. `post` puts the request before `POST /v1/conversations`. */
export async function openByHand(
  tenant: TestTenant,
  device: Device,
  nowMs: number,
  post: (body: Uint8Array) => Promise<Response>,
): Promise<OpenedConversation> {
  const request = device.openRequest(tenant, tenant.admission(device.publicKeys, nowMs));
  const body = toBinary(OpenConversationRequestSchema, create(OpenConversationRequestSchema, request));
  const answer = await post(body);
  const { statement, chain } = fromBinary(OpenConversationResponseSchema, new Uint8Array(await answer.arrayBuffer()));
  if (chain === undefined) throw new Error("the answer carries no chain");
  const { tenantId } = tenant;
  const keys = { kem: device.kem.publicKeyBytes, signing: device.signer.publicKeyBytes };
  const conversationId = deriveConversationId(tenantId, keys, device.salt);
  const verifiers = [simulatedVerifier];
  const verified = await verifyAuthorityChain({ tenantId, chain, nowMs, verifiers, allowDevelopment: true });
  const expected = { nowMs, conversationId };
  return {
    tenant,
    device,
    id: conversationId,
    statement: verifyConversationStatement(statement, verified, expected),
  };
}
