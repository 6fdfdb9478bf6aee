import { enclavesAnswer } from "../enclaves/enclaves-answer.ts";
import { protobufType } from "../http/bodies.ts";
import type { Door, DoorProblem } from "./door.ts";
import { tenantHeader } from "./parameters.ts";

const protobuf = (name: string) => ({
  mediaType: protobufType,
  description: `A serialized cloister.keys.v1.${name} (proto/cloister/keys/v1/authority.proto)`,
});

const ofKeys: readonly DoorProblem[] = [
  "AUTHORITY_UNAVAILABLE",
  "KEYS_LOCKED",
  "KMS_UNAVAILABLE",
  "MALFORMED",
  "POLICY_EXPIRED",
  "TENANT_UNKNOWN",
];

export const policyDoors: readonly Door[] = [
  {
    method: "put",
    path: "/v1/policy",
    operationId: "applyPolicy",
    tag: "Policy",
    summary: "Apply a signed policy",
    description: "The tenant is that of the genesis root. The first policy makes the tenant.",
    scope: "policy:apply",
    parameters: [tenantHeader],
    body: protobuf("ApplyPolicyRequest"),
    answers: [
      { status: 200, description: "The tenant and the version in force", body: protobuf("ApplyPolicyResponse") },
    ],
    refusals: [
      ...ofKeys,
      "DEVELOPMENT_POLICY_REQUIRED",
      "KMS_CREDENTIAL_UNTRUSTED",
      "DEVELOPMENT_REFUSED",
      "MEASUREMENT_NOT_ALLOWED",
      "POLICY_CONFLICT",
      "POLICY_FOREIGN",
      "POLICY_INVALID",
      "POLICY_STALE",
      "SIGNATURE_INVALID",
    ],
  },
  {
    method: "get",
    path: "/v1/policy",
    operationId: "readPolicy",
    tag: "Policy",
    summary: "Read the policy in force and its chain of authority",
    scope: "policy:read",
    parameters: [tenantHeader],
    answers: [{ status: 200, description: "The signed policy and its chain", body: protobuf("GetPolicyResponse") }],
    refusals: ofKeys,
  },
  {
    method: "post",
    path: "/v1/keys/evidence",
    operationId: "beginUnlock",
    tag: "Policy",
    summary: "Ask the key service for evidence to seal a KMS credential to",
    scope: "policy:apply",
    parameters: [tenantHeader],
    body: protobuf("BeginUnlockRequest"),
    answers: [
      {
        status: 200,
        description: "Its evidence, and a challenge for one delivery",
        body: protobuf("BeginUnlockResponse"),
      },
    ],
    refusals: ["AUTHORITY_UNAVAILABLE", "MALFORMED", "TENANT_UNKNOWN"],
  },
  {
    method: "post",
    path: "/v1/keys/unlock",
    operationId: "unlockKeys",
    tag: "Policy",
    summary: "Deliver the tenant's KMS credential to the key service, or have it forgotten",
    description:
      "Sealed to the evidence of the key service and signed for by the tenant: nobody on the way reads or makes one.",
    scope: "policy:apply",
    parameters: [tenantHeader],
    body: protobuf("UnlockRequest"),
    answers: [
      { status: 200, description: "Taken, and what the tenant's KMS said to it", body: protobuf("UnlockResponse") },
    ],
    refusals: [
      "AUTHORITY_UNAVAILABLE",
      "MALFORMED",
      "POLICY_FOREIGN",
      "REQUEST_EXPIRED",
      "SIGNATURE_INVALID",
      "TENANT_UNKNOWN",
      "UNLOCKS_FULL",
    ],
  },
  {
    method: "post",
    path: "/v1/keys/destroy",
    operationId: "destroyKek",
    tag: "Policy",
    summary: "Have the tenant's KMS destroy its KEK, and with it all that was ever wrapped under it",
    description: "By the order of the tenant's root, or of a key that its policy delegates `destroy-kek` to.",
    scope: "policy:apply",
    parameters: [tenantHeader],
    body: protobuf("DestroyKekRequest"),
    answers: [
      {
        status: 200,
        description: "A signed receipt, or the code of the KMS' refusal",
        body: protobuf("DestroyKekResponse"),
      },
    ],
    refusals: [...ofKeys, "POLICY_FOREIGN", "POLICY_STALE", "REQUEST_EXPIRED", "SIGNATURE_INVALID"],
  },
  {
    method: "post",
    path: "/v1/keys/rotate",
    operationId: "rotateKeys",
    tag: "Policy",
    summary: "Wrap the tenant's keys anew, and make another issuer key where that is asked for",
    description: "What was signed and sealed before stays good, and nobody waits.",
    scope: "policy:apply",
    parameters: [tenantHeader],
    body: protobuf("RotateKeysRequest"),
    answers: [{ status: 200, description: "The issuer from now on", body: protobuf("RotateKeysResponse") }],
    refusals: [...ofKeys, "ROTATED_LATELY"],
  },
  {
    method: "get",
    path: "/v1/enclaves",
    operationId: "listEnclaves",
    tag: "Policy",
    summary: "Look at the enclaves before trusting them",
    description:
      "For each role the programs that the tenant's policy allows and the instances that would get its keys now, with their " +
      "evidence. Nothing here is secret and nothing is to be believed: each field says whether it is VERIFIABLE or ASSERTED.",
    scope: "policy:read",
    parameters: [tenantHeader],
    answers: [
      { status: 200, description: "The enclaves", body: { mediaType: "application/json", schema: enclavesAnswer } },
    ],
    refusals: ofKeys,
  },
];
