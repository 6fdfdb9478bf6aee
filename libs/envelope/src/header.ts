import { ContentType, Stage, Suite } from "@cloister/contracts/envelope";
import { EnvelopeError } from "./errors.ts";
import { parseConversationId, parseMessageId, parseTenantId } from "./ids.ts";
import type { ConversationId, MessageId, TenantId } from "./ids.ts";
import { ID_BYTES, MAX_HEADER_BYTES } from "./limits.ts";
import { CanonicalReader } from "./wire/canonical-reader.ts";
import { CanonicalWriter } from "./wire/canonical-writer.ts";

export { ContentType, Stage, Suite };

/** What everybody may read and nobody may change. Numbers are integers from 0 to 2^53 − 1. */
export interface Header {
  readonly suite: Suite;
  readonly messageId: MessageId;
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
  readonly stage: Stage;
  /** A retry with a new CEK is a new attempt; the first is 0. At most 2^32 − 1. */
  readonly attempt: number;
  /** Counts per signing key; 0 where nobody signs. */
  readonly senderSeq: number;
  readonly createdAtMs: number;
  /** The end of the bucket of the envelope's class. From then on nobody opens it. */
  readonly expiresAtMs: number;
  readonly contentType: ContentType;
  readonly policyVersion: number;
  /** The message that this one answers or comes from. */
  readonly causeId?: MessageId;
  /** 16 bytes that stand for the person concerned. */
  readonly subjectRef?: Uint8Array;
}

const MAX_ENCODED_BYTES = 160;
const scratch = new CanonicalWriter(MAX_ENCODED_BYTES);

/** The serialization that is authenticated verbatim, valid until the next call. @throws MALFORMED or UNSUPPORTED_SUITE for an impossible header */
export function encodeHeader(header: Header): Uint8Array {
  const writer = scratch;
  writer.restart();
  writer.uint(1, requireSuite(header.suite));
  writer.bytes(2, requireId(header.messageId));
  writer.bytes(3, requireId(header.tenantId));
  writer.bytes(4, requireId(header.conversationId));
  writer.uint(5, requireStage(header.stage));
  writer.uint(6, requireCount(header.attempt, 2 ** 32 - 1));
  writer.uint(7, requireCount(header.senderSeq));
  writer.uint(8, requireCount(header.createdAtMs));
  writer.uint(9, requireCount(header.expiresAtMs));
  writer.uint(10, requireContentType(header.contentType));
  writer.uint(11, requireCount(header.policyVersion));
  if (header.causeId) writer.bytes(12, requireId(header.causeId));
  if (header.subjectRef) writer.bytes(13, requireId(header.subjectRef));
  return writer.target.subarray(0, writer.position);
}

/** Strict. @throws TOO_LARGE above 4 KiB, UNSUPPORTED_SUITE, or MALFORMED for any other form than `encodeHeader` writes */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length > MAX_HEADER_BYTES) throw new EnvelopeError("TOO_LARGE", "The header is larger than 4 KiB.");
  const reader = new CanonicalReader(bytes);
  const suite = requireSuite(reader.uint(1));
  const messageId = parseMessageId(reader.bytes(2));
  const tenantId = parseTenantId(reader.bytes(3));
  const conversationId = parseConversationId(reader.bytes(4));
  const stage = requireStage(reader.uint(5));
  const attempt = requireCount(reader.uint(6), 2 ** 32 - 1);
  const senderSeq = reader.uint(7);
  const createdAtMs = reader.uint(8);
  const expiresAtMs = reader.uint(9);
  const contentType = requireContentType(reader.uint(10));
  const policyVersion = reader.uint(11);
  const causeId = reader.bytes(12);
  const subjectRef = reader.bytes(13);
  reader.end();
  const header: { -readonly [Field in keyof Header]: Header[Field] } = {
    suite,
    messageId,
    tenantId,
    conversationId,
    stage,
    attempt,
    senderSeq,
    createdAtMs,
    expiresAtMs,
    contentType,
    policyVersion,
  };
  if (causeId.length > 0) header.causeId = parseMessageId(causeId);
  if (subjectRef.length > 0) header.subjectRef = requireId(subjectRef);
  return header;
}

/** @throws EXPIRED from `expiresAtMs` on */
export function requireNotExpired(header: Header, nowMs: number): void {
  if (!(nowMs < header.expiresAtMs)) {
    throw new EnvelopeError("EXPIRED", "The envelope's retention period is over; nobody opens it any more.");
  }
}

function requireSuite(suite: number): Suite {
  // Not a look-up in the enum: a suite that a newer schema names is still unsupported here.
  if (suite === Suite.AES_256_GCM || suite === Suite.CHACHA20_POLY1305) return suite;
  if (suite === 0)
    throw new EnvelopeError("MALFORMED", "The bytes are no envelope: its header is missing, or names no cipher suite.");
  throw new EnvelopeError("UNSUPPORTED_SUITE", "The envelope uses a cipher suite that this version does not know.");
}

function requireStage(value: number): Stage {
  if (isStage(value)) return value;
  throw new EnvelopeError("MALFORMED", "The header's stage is missing or unknown.");
}

function requireContentType(value: number): ContentType {
  if (isContentType(value)) return value;
  throw new EnvelopeError("MALFORMED", "The header's content type is missing or unknown.");
}

function isStage(value: number): value is Stage {
  return value !== 0 && Stage[value] !== undefined;
}

function isContentType(value: number): value is ContentType {
  return value !== 0 && ContentType[value] !== undefined;
}

function requireCount(value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
  throw new EnvelopeError("MALFORMED", "A number in the header is negative, fractional or too large.");
}

function requireId(id: Uint8Array): Uint8Array {
  if (id.length === ID_BYTES) return id;
  throw new EnvelopeError("MALFORMED", "An id in the header has not 16 bytes.");
}
