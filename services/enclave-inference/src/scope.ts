import type { ConversationRecord } from "@cloister/keyring";
import type { PassageScope } from "@cloister/retrieval";

/** Where an answer may look: this conversation, its knowledge bases, the same person's other conversations. */
export function scopeOf(conversation: ConversationRecord, nowMs: number): PassageScope {
  const { tenantId, conversationId, knowledgeBases, subjectRef, policy } = conversation;
  return {
    tenantId,
    conversationIds: [...(policy.history ? [conversationId] : []), ...knowledgeBases],
    ...(policy.memory && subjectRef !== undefined && { subjectRef }),
    nowMs,
  };
}
