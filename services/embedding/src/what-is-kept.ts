import { bucketEnd, type ConversationRecord } from "@cloister/keyring";
import type { RedactedText } from "@cloister/keyring/consuming";
import { EmbeddingError } from "./errors.ts";

/**
 * Until when the passages of a message are kept, or undefined when none are: of a message that was refused there is no
 * text. A knowledge base is kept wherever policy lets passages be kept at all; a chat message only where somebody may recall it: its own conversation (history) or the
 * subject's others (memory).
 * @throws EmbeddingError KNOWLEDGE_NOT_ALLOWED, so that an importer learns that nothing came of its document
 */
export function keptUntil(message: RedactedText, record: ConversationRecord, nowMs: number): number | undefined {
  if (message.refusal !== undefined) return undefined;
  const { policy, kind } = record;
  const isAllowed = policy.vectors !== "none";
  if (kind === "kb" && !isAllowed) {
    throw new EmbeddingError("KNOWLEDGE_NOT_ALLOWED", "The tenant's policy lets no passages be kept.");
  }
  if (!isAllowed || (kind === "chat" && !policy.history && !policy.memory)) return undefined;
  const bucketEndMs = bucketEnd(record, "vector", message.header.createdAtMs);
  return bucketEndMs > nowMs ? bucketEndMs : undefined;
}

/**
 * Whether the vectors of a conversation go into a store of protected ones as well: those of knowledge bases, which grow
 * large. Chats are small, and searched exactly.
 */
export function isProtected({ policy, kind }: Pick<ConversationRecord, "policy" | "kind">): boolean {
  return kind === "kb" && policy.vectors === "protected";
}
