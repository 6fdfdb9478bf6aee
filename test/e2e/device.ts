import { randomBytes } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { KnowledgeDocumentSchema } from "@cloister/contracts/content";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createKemPrivateKey,
  createKemPublicKey,
  createSigningKey,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  type ConversationId,
  type Header,
  type KemPrivateKey,
  type MessageId,
  type SigningKey,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { OutgoingRecord } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { openConversationSigningBytes, type ConversationStatement } from "@cloister/policy";
import type { TestTenant } from "./tenant.ts";

/** What a device has of an opened conversation. */
export interface OpenedConversation {
  readonly tenant: TestTenant;
  readonly device: Device;
  readonly id: ConversationId;
  readonly statement: ConversationStatement;
}

export interface DeviceMessage {
  readonly messageId: MessageId;
  readonly envelope: Uint8Array;
  /** As ingest would put it on the log. */
  readonly record: OutgoingRecord;
}

export interface MessageChanges {
  readonly header?: Partial<Header>;
  readonly signer?: SigningKey;
}

export const newSigningKey = (): SigningKey => createSigningKey(nodeBackend, randomBytes(32));
export const newKemKey = (): KemPrivateKey => createKemPrivateKey(nodeBackend, randomBytes(32));

/** A person's device, below the SDK: it can also send what the SDK never would. */
export class Device {
  readonly kem = newKemKey();
  readonly signer = newSigningKey();
  readonly salt = randomBytes(16);

  get publicKeys() {
    return { clientKemPublicKey: this.kem.publicKeyBytes, clientSigningPublicKey: this.signer.publicKeyBytes };
  }

  openRequest({ tenantId }: TestTenant, admission: Uint8Array) {
    const fields = { tenantId, ...this.publicKeys, salt: this.salt, nonce: randomBytes(32), admission };
    return { ...fields, signature: this.signer.sign(openConversationSigningBytes(fields)) };
  }
}

/** A chat message. */
export function say(
  conversation: OpenedConversation,
  nowMs: number,
  senderSeq: number,
  text: string,
  changes: MessageChanges = {},
): DeviceMessage {
  return sealed(conversation, nowMs, senderSeq, ContentType.TEXT, new TextEncoder().encode(text), changes);
}

/** A document for a knowledge base. */
export function importDocument(
  conversation: OpenedConversation,
  nowMs: number,
  senderSeq: number,
  document: { readonly documentId: string; readonly title: string; readonly text: string },
): DeviceMessage {
  const payload = toBinary(KnowledgeDocumentSchema, create(KnowledgeDocumentSchema, document));
  return sealed(conversation, nowMs, senderSeq, ContentType.KNOWLEDGE_DOCUMENT, payload, {});
}

function sealed(
  { tenant, device, id, statement }: OpenedConversation,
  nowMs: number,
  senderSeq: number,
  contentType: ContentType,
  payload: Uint8Array,
  { header = {}, signer = device.signer }: MessageChanges,
): DeviceMessage {
  const messageId = uuidv7(nowMs, randomBytes(10));
  const { bytes: envelope } = sealEnvelope(nodeBackend, {
    header: {
      suite: Suite.AES_256_GCM,
      messageId,
      tenantId: tenant.tenantId,
      conversationId: id,
      stage: Stage.INBOUND,
      attempt: 0,
      senderSeq,
      createdAtMs: nowMs,
      expiresAtMs: statement.expiresAtMs,
      contentType,
      policyVersion: statement.policyVersion,
      ...header,
    },
    payload,
    recipients: [createKemPublicKey(nodeBackend, statement.inboundPublicKey)],
    signer,
  });
  const bucketEndMs = statement.expiresAtMs;
  const { conversationId = id } = header;
  return {
    messageId,
    envelope,
    record: sealedMessageRecord(topics.inbound, { conversationId, envelope, bucketEndMs }),
  };
}
