import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createWrapKey,
  derivedId,
  parseConversationId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  uuidv7,
  wrapKeyId,
  type Header,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { Failure, LogRecord } from "@cloister/messaging";
import { identifySealedMessage, replyFailedRecords, sealedMessageRecord } from "@cloister/messaging/sealed-events";

const tenantId = parseTenantId(new Uint8Array(16).fill(1));
const conversationId = parseConversationId(new Uint8Array(16).fill(2));
const bucketEndMs = 3_600_000;
const clientsId = uuidv7(1, new Uint8Array(10).fill(3));
const failure: Failure = { kind: "poison", code: "MALFORMED", isRetryable: false };

function recordOf(header: Pick<Header, "messageId" | "causeId">): LogRecord {
  const name = { tenantId, conversationId, purpose: "flow", bucketEndMs };
  const keyId = wrapKeyId(name);
  const { bytes } = sealEnvelope(nodeBackend, {
    header: {
      suite: Suite.AES_256_GCM,
      tenantId,
      conversationId,
      stage: Stage.REDACTED,
      attempt: 0,
      senderSeq: 0,
      createdAtMs: 1,
      expiresAtMs: bucketEndMs,
      contentType: ContentType.REDACTED_MESSAGE,
      policyVersion: 1,
      ...header,
    },
    payload: new Uint8Array(),
    recipients: [createWrapKey(nodeBackend, { keyId, key: new Uint8Array(32).fill(4) })],
  });
  const outgoing = sealedMessageRecord(topics.redacted, { conversationId, envelope: bytes, bucketEndMs });
  return { ...outgoing, partition: 0, offset: 0 };
}

function causeTold(record: LogRecord): Uint8Array | undefined {
  const [told] = replyFailedRecords(record, failure, identifySealedMessage(record));
  const { event } = fromBinary(ReplyEventSchema, told?.value ?? new Uint8Array());
  return event.case === "failed" ? event.value.causeId : undefined;
}

describe("the identity of a sealed message", () => {
  it("is refused as malformed when the event itself is rubbish", () => {
    const whole = recordOf({ messageId: clientsId });
    for (const value of [Uint8Array.of(0xff, 0xff), whole.value.subarray(0, -1), new Uint8Array()]) {
      expect(() => identifySealedMessage({ ...whole, value })).toThrow(expect.objectContaining({ code: "MALFORMED" }));
    }
  });

  it("is none when its record lies under another conversation's key", () => {
    const moved = { ...recordOf({ messageId: clientsId }), key: new Uint8Array(16).fill(9) };
    expect(() => identifySealedMessage(moved)).toThrow(expect.objectContaining({ code: "RECORD_MOVED" }));
  });
});

describe("the status of a message that failed", () => {
  it("names a client's own message by its id", () => {
    expect(causeTold(recordOf({ messageId: clientsId }))).toEqual(new Uint8Array(clientsId));
  });

  it("names what a service made of a message by the client's id", () => {
    const messageId = derivedId(clientsId, Stage.REDACTED, 0);
    expect(causeTold(recordOf({ messageId, causeId: clientsId }))).toEqual(new Uint8Array(clientsId));
  });

  it("is told to nobody when the record names no conversation", () => {
    expect(replyFailedRecords(recordOf({ messageId: clientsId }), failure, undefined)).toEqual([]);
  });
});
