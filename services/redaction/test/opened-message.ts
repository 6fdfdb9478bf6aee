import { randomBytes } from "node:crypto";
import { ContentType, parseConversationId, parseTenantId, Stage, Suite, uuidv7 } from "@cloister/envelope";
import type { OpenedMessage } from "../src/open-message.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);

/** A chat message, or a document when there is a title. */
export function messageOf(text: string, title?: string): OpenedMessage {
  return {
    header: {
      suite: Suite.AES_256_GCM,
      messageId: uuidv7(nowMs, randomBytes(10)),
      tenantId: parseTenantId(randomBytes(16)),
      conversationId: parseConversationId(randomBytes(16)),
      stage: Stage.INBOUND,
      attempt: 0,
      senderSeq: 1,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 3_600_000,
      contentType: title === undefined ? ContentType.TEXT : ContentType.KNOWLEDGE_DOCUMENT,
      policyVersion: 1,
    },
    text,
    document: title === undefined ? undefined : { documentId: "d", title },
  };
}
