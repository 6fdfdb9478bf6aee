import { create, toBinary } from "@bufbuild/protobuf";
import { RedactedMessageSchema, type RedactedMessage } from "@cloister/contracts/content";
import { topics } from "@cloister/contracts/topics";
import { ContentType, derivedId, sealEnvelope, Stage, type Header } from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { ConversationRecord, KeyLease, KeySource } from "@cloister/keyring";
import type { OutgoingRecord } from "@cloister/messaging";
import { sealedMessageRecord, sealedReplyRecord } from "@cloister/messaging/sealed-events";
import { bucketEndMs } from "@cloister/policy";
import { encodeForReaders, encodeMapDelta, type MapAddition } from "./map/map-entries.ts";
import type { Refusal } from "./boundaries.ts";
import type { RedactedText } from "./redact-message.ts";
import type { MapEntryRow } from "./tables.ts";

/** What all envelopes made of one message have in common. */
export interface Origin {
  /** The client's message. */
  readonly header: Header;
  readonly conversation: ConversationRecord;
  readonly nowMs: number;
}

/** New map entries for those who may have them: the client, and recipients whom the policy gives the map. */
export function sealMapDelta(
  origin: Origin,
  addition: MapAddition,
  keys: KeyLease,
  signer: KeySource["signer"],
): OutgoingRecord | undefined {
  const { header, conversation, nowMs } = origin;
  const readers = conversation.recipients.filter(({ mayHaveMap }) => mayHaveMap).map(({ key }) => key);
  const payload = encodeForReaders(addition);
  if (payload === undefined) return undefined;
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      ...headerOf(origin, Stage.MAP_DELTA, ContentType.MAP_DELTA),
      // The reader checks the signer's certificate as of now; what is kept is counted from the message.
      createdAtMs: nowMs,
      expiresAtMs: bucketEndMs(conversation.policy.periods.mailbox.periodMs, header.createdAtMs),
    },
    payload,
    recipients: [conversation.clientKey, ...readers],
    signer,
  });
  payload.fill(0);
  return sealedReplyRecord({
    conversationId: header.conversationId,
    envelope: bytes,
    signerCertificate: keys.certificateFor(header.tenantId),
    bucketEndMs: header.expiresAtMs,
  });
}

/** The redacted text for inference and embedding, in the same `flow` bucket as the message it came from. */
export function sealRedacted(origin: Origin, { text, document }: RedactedText, keys: KeyLease): OutgoingRecord {
  return sealForModel(origin, create(RedactedMessageSchema, { text, ...(document && { document }) }), keys);
}

/**
 * A refusal takes the way of the message itself: inference seals it to the readers as a reply. So nobody outside is told
 * what the message was about, and a reader trusts one signer.
 */
export function sealRefusal(origin: Origin, refusal: Refusal, keys: KeyLease): OutgoingRecord {
  return sealForModel(origin, create(RedactedMessageSchema, { refusal }), keys);
}

function sealForModel(origin: Origin, message: RedactedMessage, keys: KeyLease): OutgoingRecord {
  const { header } = origin;
  const { tenantId, conversationId, expiresAtMs } = header;
  const payload = toBinary(RedactedMessageSchema, message);
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      ...headerOf(origin, Stage.REDACTED, ContentType.REDACTED_MESSAGE),
      createdAtMs: header.createdAtMs,
      expiresAtMs,
    },
    payload,
    recipients: [keys.sealingKey({ tenantId, conversationId, purpose: "flow", bucketEndMs: expiresAtMs })],
  });
  return sealedMessageRecord(topics.redacted, { conversationId, envelope: bytes, bucketEndMs: expiresAtMs });
}

/** The same entries as this service keeps them. */
export function sealMapRow(origin: Origin, addition: MapAddition, keys: KeyLease, mapBucketEndMs: number): MapEntryRow {
  const { header } = origin;
  const { tenantId, conversationId, messageId } = header;
  const payload = encodeMapDelta(addition);
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      ...headerOf(origin, Stage.MAP_ENTRY, ContentType.MAP_DELTA),
      createdAtMs: header.createdAtMs,
      expiresAtMs: mapBucketEndMs,
    },
    payload,
    recipients: [keys.sealingKey({ tenantId, conversationId, purpose: "map", bucketEndMs: mapBucketEndMs })],
  });
  payload.fill(0);
  return {
    tenant_id: tenantId,
    conversation_id: conversationId,
    message_id: messageId,
    envelope: bytes,
    bucket_end_ms: mapBucketEndMs,
  };
}

function headerOf({ header, conversation }: Origin, stage: Stage, contentType: ContentType) {
  return {
    suite: header.suite,
    messageId: derivedId(header.messageId, stage, 0),
    tenantId: header.tenantId,
    conversationId: header.conversationId,
    stage,
    attempt: 0,
    senderSeq: 0,
    contentType,
    policyVersion: conversation.policy.version,
    causeId: header.messageId,
    ...(header.subjectRef && { subjectRef: header.subjectRef }),
  };
}
