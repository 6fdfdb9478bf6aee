import { fromBinary } from "@bufbuild/protobuf";
import { ReplyEventSchema, type ReplyEvent } from "@cloister/contracts/events";
import {
  EnvelopeError,
  parseConversationId,
  parseEnvelope,
  parseTenantId,
  protectedHash,
  Stage,
  type ParsedEnvelope,
} from "@cloister/envelope";
import type { LogRecord, RecordIdentity } from "@cloister/messaging";
import { createHash } from "node:crypto";

import type { ConversationKey } from "./mailbox.ts";

/** A record of chat.replies.v1, as far as it can be read without a key. */
export interface ReplyRecord {
  readonly conversation: ConversationKey;
  readonly identity: RecordIdentity;
  /** The bucket of the mailbox that it belongs to. */
  readonly mailboxBucketEndMs: number;
}

const hourMs = 60 * 60 * 1000;

/** @throws EnvelopeError MALFORMED for anything but a reply, a map delta or a failure for the record's conversation */
export function readReplyRecord(record: LogRecord): ReplyRecord {
  const { event } = parseReplyEvent(record.value);
  switch (event.case) {
    case "sealed":
      return sealedRecord(record, parseEnvelope(event.value.envelope));
    case "failed": {
      const tenantId = parseTenantId(event.value.tenantId);
      const conversationId = parseConversationId(event.value.conversationId);
      requireKeyOf(record, conversationId);
      return {
        conversation: { tenantId, conversationId },
        identity: { ...statusIdentity(record.value), tenantId, conversationId },
        // A status has no envelope and so no expiry of its own: it goes with the record that brought it.
        mailboxBucketEndMs: record.bucketEndMs,
      };
    }
    case undefined:
      throw malformed("The record is no reply event that this version knows.");
  }
}

function sealedRecord(record: LogRecord, envelope: ParsedEnvelope): ReplyRecord {
  const { stage, tenantId, conversationId, messageId, expiresAtMs } = envelope.header;
  if (stage !== Stage.REPLY && stage !== Stage.MAP_DELTA) throw malformed("The envelope is not meant for readers.");
  requireKeyOf(record, conversationId);
  // Buckets are whole hours at least: any other end would make a partition for itself.
  if (expiresAtMs % hourMs !== 0) throw malformed("The envelope's expiry is not the end of a bucket.");
  return {
    conversation: { tenantId, conversationId },
    identity: { messageId, fingerprint: protectedHash(envelope), conversationId, tenantId },
    mailboxBucketEndMs: expiresAtMs,
  };
}

/** A status has no id of its own: the same bytes are the same status. */
function statusIdentity(value: Uint8Array): { messageId: Uint8Array; fingerprint: Uint8Array } {
  const fingerprint = createHash("sha256").update("cloister/v1 reply status").update(value).digest();
  return { messageId: fingerprint.subarray(0, 16), fingerprint };
}

function requireKeyOf(record: LogRecord, conversationId: Uint8Array): void {
  if (!Buffer.from(record.key).equals(conversationId)) throw malformed("The record's key is another conversation.");
}

function parseReplyEvent(value: Uint8Array): ReplyEvent {
  try {
    return fromBinary(ReplyEventSchema, value);
  } catch {
    throw malformed("The record is not a serialized reply event.");
  }
}

function malformed(message: string): EnvelopeError {
  return new EnvelopeError("MALFORMED", message);
}
