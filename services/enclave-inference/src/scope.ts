import type { ConversationRecord, KeyLease, KeyRequest } from "@cloister/keyring";
import type { PassageScope, Segment } from "@cloister/retrieval";
import type { PassageOrigin } from "./open-passages.ts";

/**
 * Where an answer may look: this conversation, its knowledge bases, the same person's other conversations. Nowhere once
 * policy says `vectors: none`, though what was kept before may still be there.
 */
export function scopeOf(conversation: ConversationRecord, nowMs: number): PassageScope {
  const { tenantId, conversationId, knowledgeBases, subjectRef, policy } = conversation;
  if (policy.vectors === "none") return { tenantId, conversationIds: [], nowMs };
  return {
    tenantId,
    conversationIds: [...(policy.history ? [conversationId] : []), ...knowledgeBases],
    ...(policy.memory && subjectRef !== undefined && { subjectRef }),
    nowMs,
  };
}

export function vectorKeyOf({ tenantId, conversationId, bucketEndMs }: Segment): KeyRequest {
  return { tenantId, conversationId, purpose: "vector", bucketEndMs };
}

/**
 * How a conversation stands to a segment, by the signed statements of both; undefined when it may not be answered from
 * it, whatever the store said.
 * @throws KeyringError where the segment's own conversation is unknown or erased
 */
export function originOf(segment: Segment, asking: ConversationRecord, keys: KeyLease): PassageOrigin | undefined {
  const { tenantId, conversationId, knowledgeBases, subjectRef, policy } = asking;
  if (!isSame(segment.tenantId, tenantId)) return undefined;
  if (isSame(segment.conversationId, conversationId)) return policy.history ? "own" : undefined;
  const of = keys.conversation(segment);
  if (knowledgeBases.some((id) => isSame(id, segment.conversationId))) {
    // An admission could name a conversation that is none: somebody's chat is no knowledge base.
    return of.kind === "kb" ? "knowledge" : undefined;
  }
  const isOfSubject = subjectRef !== undefined && of.subjectRef !== undefined && isSame(of.subjectRef, subjectRef);
  return policy.memory && isOfSubject && of.kind === "chat" ? "subject" : undefined;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
