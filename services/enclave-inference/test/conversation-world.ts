import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { PassageSchema, RedactedMessageSchema, ReplySchema, type Reply } from "@cloister/contracts/content";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createVerifyingKey,
  derivedId,
  openEnvelope,
  parseConversationId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  type Header,
  type KemPrivateKey,
  type MessageId,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { bucketEnd, type ConversationRecord } from "@cloister/keyring";
import type { LogRecord, OutgoingRecord } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import type { SealedPassage } from "@cloister/retrieval";
import type { SimulatedKeys } from "@cloister/testing/simulated-keys";

type Ids = Pick<ConversationRecord, "tenantId" | "conversationId">;

function header(ids: Ids, causeId: MessageId, nowMs: number, rest: Partial<Header>): Header {
  return {
    suite: Suite.AES_256_GCM,
    messageId: derivedId(causeId, Stage.REDACTED, 0),
    tenantId: parseTenantId(ids.tenantId),
    conversationId: parseConversationId(ids.conversationId),
    stage: Stage.REDACTED,
    attempt: 0,
    senderSeq: 0,
    createdAtMs: nowMs,
    expiresAtMs: 0,
    contentType: ContentType.REDACTED_MESSAGE,
    policyVersion: 1,
    causeId,
    ...rest,
  };
}

export interface Asked {
  readonly causeId: MessageId;
  readonly record: OutgoingRecord;
}

/** What redaction would put on `chat.redacted.v1`. */
export function asked(
  keys: SimulatedKeys,
  conversation: ConversationRecord,
  text: string,
  nowMs: number,
  rest: Partial<Header> = {},
): Asked {
  const causeId = uuidv7(nowMs, nodeBackend.randomBytes(10));
  const { tenantId, conversationId } = conversation;
  const bucketEndMs = bucketEnd(conversation, "flow", nowMs);
  const { bytes } = sealEnvelope(nodeBackend, {
    header: header(conversation, causeId, nowMs, { expiresAtMs: bucketEndMs, ...rest }),
    payload: toBinary(RedactedMessageSchema, create(RedactedMessageSchema, { text })),
    recipients: [keys.key({ tenantId, conversationId, purpose: "flow", bucketEndMs })],
  });
  return { causeId, record: sealedMessageRecord(topics.redacted, { conversationId, envelope: bytes, bucketEndMs }) };
}

/** What embedding would store. */
export function passage(
  keys: SimulatedKeys,
  conversation: ConversationRecord,
  content: {
    text: string;
    document?: { documentId: string; title: string };
    vector?: { model: string; values: Uint8Array<ArrayBuffer> };
  },
  nowMs: number,
  rest: Partial<Header> = {},
): SealedPassage {
  const causeId = uuidv7(nowMs, nodeBackend.randomBytes(10));
  const { tenantId, conversationId, subjectRef } = conversation;
  const bucketEndMs = bucketEnd(conversation, "vector", nowMs);
  const subject = subjectRef === undefined ? {} : { subjectRef };
  const { bytes } = sealEnvelope(nodeBackend, {
    header: header(conversation, causeId, nowMs, {
      messageId: derivedId(causeId, Stage.PASSAGE, 0),
      stage: Stage.PASSAGE,
      contentType: ContentType.PASSAGE,
      expiresAtMs: bucketEndMs,
      ...subject,
      ...rest,
    }),
    payload: toBinary(PassageSchema, create(PassageSchema, content)),
    recipients: [keys.key({ tenantId, conversationId, purpose: "vector", bucketEndMs })],
  });
  return { tenantId, conversationId, causeId, number: 0, ...subject, bucketEndMs, envelope: bytes };
}

export interface ReceivedReply extends Reply {
  readonly header: Header;
  readonly envelope: Uint8Array;
  readonly signerCertificate: Uint8Array;
}

/** The replies to a message among the records of `chat.replies.v1`, opened with a reader's key, their signature checked. */
export function repliesTo(
  causeId: MessageId,
  records: readonly LogRecord[],
  reader: KemPrivateKey,
  signerPublicKey: Uint8Array,
  nowMs: number,
): ReceivedReply[] {
  return events(records).flatMap((event) => {
    if (event.case !== "sealed") return [];
    const { envelope, signerCertificate } = event.value;
    const signer = createVerifyingKey(nodeBackend, signerPublicKey);
    const messageId = derivedId(causeId, Stage.REPLY, 0);
    try {
      const opened = openEnvelope(nodeBackend, envelope, { keys: [reader], signer, nowMs });
      if (Buffer.compare(opened.header.messageId, messageId) !== 0) return [];
      return [{ ...fromBinary(ReplySchema, opened.payload), header: opened.header, envelope, signerCertificate }];
    } catch {
      return [];
    }
  });
}

/** The codes by which the reader was told that a message failed. */
export function failuresOf(causeId: MessageId, records: readonly LogRecord[]): string[] {
  return events(records).flatMap((event) =>
    event.case === "failed" && Buffer.compare(event.value.causeId, causeId) === 0 ? [event.value.code] : [],
  );
}

function events(records: readonly LogRecord[]) {
  return records.map(({ value }) => fromBinary(ReplyEventSchema, value).event);
}
