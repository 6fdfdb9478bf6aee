import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { PassageSchema, RedactedMessageSchema, type Passage } from "@cloister/contracts/content";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  derivedId,
  openEnvelope,
  parseConversationId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  type Header,
  type MessageId,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnd, type ConversationRecord } from "@cloister/keyring";
import type { OutgoingRecord } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import type { SealedPassage } from "@cloister/retrieval";
import type { SimulatedKeys } from "@cloister/testing/simulated-keys";

export interface Redacted {
  readonly causeId: MessageId;
  readonly record: OutgoingRecord;
}

/** What redaction would put on `chat.redacted.v1`. */
export function redactedMessage(
  keys: SimulatedKeys,
  conversation: ConversationRecord,
  content: { text: string; document?: { documentId: string; title: string } },
  nowMs: number,
  header: Partial<Header> = {},
): Redacted {
  const causeId = uuidv7(nowMs, nodeBackend.randomBytes(10));
  const tenantId = parseTenantId(conversation.tenantId);
  const conversationId = parseConversationId(conversation.conversationId);
  const bucketEndMs = bucketEnd(conversation, "flow", nowMs);
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      suite: Suite.AES_256_GCM,
      messageId: derivedId(causeId, Stage.REDACTED, 0),
      tenantId,
      conversationId,
      stage: Stage.REDACTED,
      attempt: 0,
      senderSeq: 0,
      createdAtMs: nowMs,
      expiresAtMs: bucketEndMs,
      contentType: ContentType.REDACTED_MESSAGE,
      policyVersion: conversation.policy.version,
      causeId,
      ...header,
    },
    payload: toBinary(RedactedMessageSchema, create(RedactedMessageSchema, content)),
    recipients: [keys.key({ tenantId, conversationId, purpose: "flow", bucketEndMs })],
  });
  return { causeId, record: sealedMessageRecord(topics.redacted, { conversationId, envelope: bytes, bucketEndMs }) };
}

/** A stored passage in clear, as inference would read it. */
export function openPassage(keys: SimulatedKeys, passage: SealedPassage, nowMs: number): { header: Header } & Passage {
  const { tenantId, conversationId, bucketEndMs } = passage;
  const key = keys.key({ tenantId, conversationId, purpose: "vector", bucketEndMs });
  const { header, payload } = openEnvelope(nodeBackend, passage.envelope, { keys: [key], signer: "none", nowMs });
  return { ...fromBinary(PassageSchema, payload), header };
}
