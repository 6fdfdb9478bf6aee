import { randomBytes } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { RedactedMessageSchema } from "@cloister/contracts/content";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createWrapKey,
  parseConversationId,
  parseMessageId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  wrapKeyId,
  type Header,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import { KeyringError, type KeyRequest } from "@cloister/keyring";
import { flowKeyOf, openRedacted } from "@cloister/keyring/consuming";
import type { LogRecord } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { describe, expect, it } from "@jest/globals";

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const header: Header = {
  suite: Suite.AES_256_GCM,
  messageId: parseMessageId(randomBytes(16)),
  tenantId: parseTenantId(randomBytes(16)),
  conversationId: parseConversationId(randomBytes(16)),
  stage: Stage.REDACTED,
  attempt: 0,
  senderSeq: 0,
  createdAtMs: NOW_MS,
  expiresAtMs: NOW_MS + 60_000,
  contentType: ContentType.REDACTED_MESSAGE,
  policyVersion: 1,
  causeId: parseMessageId(randomBytes(16)),
};
const { tenantId, conversationId } = header;
const keyId = wrapKeyId({ tenantId, conversationId, purpose: "flow", bucketEndMs: header.expiresAtMs });
const key = createWrapKey(nodeBackend, { key: randomBytes(32), keyId });
const content = { text: "I am [NAME_1].", document: { documentId: "faq", title: "Questions" } };
const bytesOf = (message: Parameters<typeof create<typeof RedactedMessageSchema>>[1]): Uint8Array =>
  toBinary(RedactedMessageSchema, create(RedactedMessageSchema, message));

function recordOf(payload: Uint8Array, changes: Partial<Header> = {}): LogRecord {
  const { bytes: envelope } = sealEnvelope(nodeBackend, {
    header: { ...header, ...changes },
    payload,
    recipients: [key],
  });
  const bucketEndMs = header.expiresAtMs;
  return {
    ...sealedMessageRecord(topics.redacted, { conversationId, envelope, bucketEndMs }),
    partition: 0,
    offset: 0,
  };
}

function open(record: LogRecord, nowMs = NOW_MS) {
  const asked: KeyRequest[] = [];
  const openingKey = (request: KeyRequest) => {
    asked.push(request);
    return key;
  };
  return { opened: openRedacted(record, { openingKey }, nowMs), asked };
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
    return "opened";
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

describe("what redaction sealed", () => {
  it("opens under the flow key of its own bucket", () => {
    const { opened, asked } = open(recordOf(bytesOf(content)));
    const request = { tenantId, conversationId, purpose: "flow", bucketEndMs: header.expiresAtMs };
    expect(opened).toMatchObject({ ...content, causeId: header.causeId, refusal: undefined, header });
    expect(asked).toEqual([request]);
    expect(flowKeyOf(recordOf(bytesOf(content)))).toEqual(request);
  });

  it("may be a refusal, which is no text", () => {
    const refusal = { code: "TOPIC_FORBIDDEN", sentence: "This is not talked about here." };
    expect(open(recordOf(bytesOf({ refusal }))).opened).toMatchObject({ text: "", refusal });
  });

  it.each<[string, Partial<Header>]>([
    ["a client's message", { stage: Stage.INBOUND, contentType: ContentType.TEXT }],
    ["another stage's redacted message", { stage: Stage.REPLY }],
    ["a redacted stage's text", { contentType: ContentType.TEXT }],
  ])("is not %s, for which no key is asked", (_what, changes) => {
    const record = recordOf(bytesOf(content), changes);
    const noKey = (): never => {
      throw new KeyringError("NOT_REQUESTED", "");
    };
    expect(codeOf(() => openRedacted(record, { openingKey: noKey }, NOW_MS))).toBe("WRONG_STAGE");
  });

  it("is refused without a cause, past its end, or when it is no message", () => {
    const { causeId: _without, ...causeless } = header;
    const { bytes: envelope } = sealEnvelope(nodeBackend, {
      header: causeless,
      payload: bytesOf(content),
      recipients: [key],
    });
    const unlinked = {
      ...recordOf(bytesOf(content)),
      ...sealedMessageRecord(topics.redacted, { conversationId, envelope, bucketEndMs: 0 }),
    };
    expect([
      codeOf(() => open(unlinked)),
      codeOf(() => open(recordOf(bytesOf(content)), header.expiresAtMs)),
      codeOf(() => open(recordOf(Uint8Array.of(0x0a, 0x7f, 0x01)))),
    ]).toEqual(["MALFORMED", "EXPIRED", "MALFORMED"]);
  });
});
