import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { MessageSealedSchema, ReplyEventSchema, type MessageSealed } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import { EnvelopeError, parseEnvelope, protectedHash, type ParsedEnvelope } from "@cloister/envelope";
import type { LogRecord, OutgoingRecord } from "./message-log.ts";
import { MessagingError } from "./messaging-error.ts";
import type { Failure, RecordIdentity } from "./record-result.ts";

/** The envelope inside a record of `chat.inbound.v1` or `chat.redacted.v1`: parsed, not opened. */
export interface SealedMessage {
  /** The serialized envelope. */
  readonly bytes: Uint8Array;
  readonly envelope: ParsedEnvelope;
}

/** @throws EnvelopeError MALFORMED, for the event as for the envelope in it, or TOO_LARGE */
export function readSealedMessage(record: LogRecord): SealedMessage {
  const bytes = parseEvent(record.value).envelope;
  return { bytes, envelope: parseEnvelope(bytes) };
}

function parseEvent(value: Uint8Array): MessageSealed {
  try {
    return fromBinary(MessageSealedSchema, value);
  } catch {
    throw new EnvelopeError("MALFORMED", "The record is not a serialized message event.");
  }
}

/**
 * `identify` of every consumer of sealed messages. What was moved to another key has no identity: taken for the message
 * that its header names, it would have that message refused as a repetition when it comes in its own place.
 * @throws MessagingError RECORD_MOVED; as `readSealedMessage`
 */
export function identifySealedMessage(record: LogRecord): RecordIdentity {
  const { envelope } = readSealedMessage(record);
  const { messageId, conversationId, tenantId } = envelope.header;
  if (Buffer.compare(record.key, conversationId) !== 0) {
    throw new MessagingError("RECORD_MOVED", "A record's key is not the conversation of its envelope.");
  }
  return { messageId, conversationId, tenantId, fingerprint: protectedHash(envelope) };
}

/** A record of `chat.inbound.v1` or `chat.redacted.v1`. */
export function sealedMessageRecord(
  topic: typeof topics.inbound | typeof topics.redacted,
  message: { conversationId: Uint8Array; envelope: Uint8Array; bucketEndMs: number },
): OutgoingRecord {
  const value = toBinary(MessageSealedSchema, create(MessageSealedSchema, { envelope: message.envelope }));
  return { topic, key: message.conversationId, value, bucketEndMs: message.bucketEndMs };
}

/** A record of `chat.replies.v1` with a sealed reply or map delta and its signer's certificate. */
export function sealedReplyRecord(reply: {
  conversationId: Uint8Array;
  envelope: Uint8Array;
  signerCertificate: Uint8Array;
  bucketEndMs: number;
}): OutgoingRecord {
  const event = create(ReplyEventSchema, {
    event: { case: "sealed", value: { envelope: reply.envelope, signerCertificate: reply.signerCertificate } },
  });
  return {
    topic: topics.replies,
    key: reply.conversationId,
    value: toBinary(ReplyEventSchema, event),
    bucketEndMs: reply.bucketEndMs,
  };
}

/** A status for the reader of a conversation, from a service that may hold no key: a code, never text. */
export function replyFailedRecord(status: {
  tenantId: Uint8Array;
  conversationId: Uint8Array;
  /** The message concerned. */
  causeId: Uint8Array;
  code: string;
  isRetryable: boolean;
  /** It has not failed: it is kept and goes on by itself. */
  isWaiting?: boolean;
  bucketEndMs: number;
}): OutgoingRecord {
  const { tenantId, conversationId, causeId, code, isRetryable, isWaiting = false, bucketEndMs } = status;
  const value = { tenantId, conversationId, causeId, code, retryable: isRetryable, waiting: isWaiting };
  const event = create(ReplyEventSchema, { event: { case: "failed", value } });
  return { topic: topics.replies, key: conversationId, value: toBinary(ReplyEventSchema, event), bucketEndMs };
}

/**
 * `onDeadLetter` of every consumer of sealed messages: the reader learns a code, unless nobody can tell whose it was.
 * On every topic it is told the id that its own client gave the message.
 */
export function replyFailedRecords(
  record: LogRecord,
  failure: Failure,
  identity: RecordIdentity | undefined,
): readonly OutgoingRecord[] {
  if (identity === undefined) return [];
  const { tenantId, conversationId, messageId } = identity;
  const { causeId = messageId } = readSealedMessage(record).envelope.header;
  const { code, isRetryable } = failure;
  return [replyFailedRecord({ tenantId, conversationId, causeId, code, isRetryable, bucketEndMs: record.bucketEndMs })];
}

/** `onParked` of a consumer whose readers wait for an answer: they learn that it will be late, and why. */
export function replyWaitingRecords(record: LogRecord, code: string, identity: RecordIdentity): OutgoingRecord[] {
  const { tenantId, conversationId, messageId } = identity;
  const { causeId = messageId } = readSealedMessage(record).envelope.header;
  const { bucketEndMs } = record;
  return [
    replyFailedRecord({ tenantId, conversationId, causeId, code, isRetryable: false, isWaiting: true, bucketEndMs }),
  ];
}
