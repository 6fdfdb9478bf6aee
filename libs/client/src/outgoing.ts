import {
  createKemPublicKey,
  MAX_PLAINTEXT_BYTES,
  parseConversationId,
  parseTenantId,
  Stage,
  Suite,
  uuidv7,
  type ContentType,
  type MessageId,
} from "@cloister/envelope";
import { sealEnvelopeWeb, type AsyncBackend, type AsyncSigningKey } from "@cloister/envelope/web";

import type { InboundKey } from "./conversation-keys.ts";
import { ClientError } from "./errors.ts";

export interface OutgoingMessage {
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
  readonly contentType: ContentType;
  readonly payload: Uint8Array;
  /** From 1, without gaps. */
  readonly senderSeq: number;
  readonly signingKey: AsyncSigningKey;
  readonly inbound: InboundKey;
  readonly nowMs: number;
}

export interface SealedMessage {
  readonly messageId: MessageId;
  /** The serialized envelope. It is posted again as it is until it is accepted. */
  readonly bytes: Uint8Array;
}

/** Seals a message to the conversation's inbound key and signs it. @throws ClientError MESSAGE_TOO_LARGE above 256 KiB */
export async function sealOutgoing(backend: AsyncBackend, message: OutgoingMessage): Promise<SealedMessage> {
  const { inbound, payload, nowMs } = message;
  if (payload.length > MAX_PLAINTEXT_BYTES) {
    throw new ClientError("MESSAGE_TOO_LARGE", "A message has at most 256 KiB as UTF-8. Send it in parts.");
  }
  const messageId = uuidv7(nowMs, backend.randomBytes(10));
  const header = {
    suite: Suite.AES_256_GCM,
    messageId,
    tenantId: parseTenantId(message.tenantId),
    conversationId: parseConversationId(message.conversationId),
    stage: Stage.INBOUND,
    attempt: 0,
    senderSeq: message.senderSeq,
    // A device whose clock is behind would seem to seal before the key existed, for longer than policy allows.
    createdAtMs: Math.max(nowMs, inbound.issuedAtMs),
    expiresAtMs: inbound.expiresAtMs,
    contentType: message.contentType,
    policyVersion: inbound.policyVersion,
  };
  const recipients = [createKemPublicKey(backend, inbound.inboundPublicKey)];
  const { bytes } = await sealEnvelopeWeb(backend, { header, payload, recipients, signer: message.signingKey });
  return { messageId, bytes };
}
