import type {
  ApplyPolicyRequest,
  ApplyPolicyResponse,
  BeginUnlockRequest,
  BeginUnlockResponse,
  DestroyKekRequest,
  DestroyKekResponse,
  GetPolicyRequest,
  GetPolicyResponse,
  ListInstancesRequest,
  ListInstancesResponse,
  OpenConversationRequest,
  OpenConversationResponse,
  RenewConversationRequest,
  RenewConversationResponse,
  RotateKeysRequest,
  RotateKeysResponse,
  UnlockRequest,
  UnlockResponse,
} from "@cloister/contracts/keys/authority";

/** Injection token of Authority. */
export const AUTHORITY = Symbol("Authority");

/**
 * The door of `keys` that clients reach through ingest. Ingest passes requests and answers on and vouches for neither:
 * each is signed by somebody whom the other end verifies.
 * Each method throws ProblemError: the code of `keys` when it refused, AUTHORITY_UNAVAILABLE when it can't be reached.
 */
export interface Authority {
  applyPolicy(request: ApplyPolicyRequest): Promise<ApplyPolicyResponse>;
  getPolicy(request: GetPolicyRequest): Promise<GetPolicyResponse>;
  openConversation(request: OpenConversationRequest): Promise<OpenConversationResponse>;
  renewConversation(request: RenewConversationRequest): Promise<RenewConversationResponse>;
  listInstances(request: ListInstancesRequest): Promise<ListInstancesResponse>;
  beginUnlock(request: BeginUnlockRequest): Promise<BeginUnlockResponse>;
  unlock(request: UnlockRequest): Promise<UnlockResponse>;
  rotateKeys(request: RotateKeysRequest): Promise<RotateKeysResponse>;
  destroyKek(request: DestroyKekRequest): Promise<DestroyKekResponse>;
}
