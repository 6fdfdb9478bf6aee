import { create } from "@bufbuild/protobuf";
import {
  ConversationRefSchema,
  KeyRequestSchema,
  type ConversationRef,
  type KeyRequest as WireKeyRequest,
} from "@cloister/contracts/keys/release";
import { idToHex } from "@cloister/envelope";
import { purposeToWire, type Purpose } from "@cloister/policy";

export interface ConversationName {
  /** 16 bytes. */
  readonly tenantId: Uint8Array;
  /** 16 bytes. */
  readonly conversationId: Uint8Array;
}

export interface KeyRequest extends ConversationName {
  readonly purpose: Purpose;
  /** To open: `expires_at_ms` of the envelope. To seal: see `bucketEnds`. */
  readonly bucketEndMs: number;
}

export function toWire(request: KeyRequest): WireKeyRequest {
  const { tenantId, conversationId, bucketEndMs } = request;
  const purpose = purposeToWire(request.purpose);
  return create(KeyRequestSchema, { tenantId, conversationId, purpose, bucketEndMs: BigInt(bucketEndMs) });
}

/** One text for one key, as a key of maps. */
export function requestText(request: KeyRequest): string {
  return `${conversationText(request)}/${request.purpose}/${String(request.bucketEndMs)}`;
}

export function conversationToWire({ tenantId, conversationId }: ConversationName): ConversationRef {
  return create(ConversationRefSchema, { tenantId, conversationId });
}

/** One text for one conversation of one tenant, as a key of maps. */
export function conversationText({ tenantId, conversationId }: ConversationName | ConversationRef): string {
  return `${idToHex(tenantId)}/${idToHex(conversationId)}`;
}
