import { randomBytes } from "node:crypto";

import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { ReplyEventSchema, type ReplyFailed } from "@cloister/contracts/events";
import { topics } from "@cloister/contracts/topics";
import {
  ContentType,
  createWrapKey,
  EnvelopeError,
  parseConversationId,
  parseKeyId,
  parseMessageId,
  parseTenantId,
  sealEnvelope,
  Stage,
  Suite,
  type Header,
} from "@cloister/envelope";
import { nodeBackend } from "@cloister/envelope/node";
import type { LogRecord } from "@cloister/messaging";
import { DAY_MS } from "@cloister/policy";
import fc from "fast-check";

import { readReplyRecord } from "../src/replies/reply-record.ts";

const tenantId = parseTenantId("aa".repeat(16));
const conversationId = parseConversationId("bb".repeat(16));
const messageId = parseMessageId("cc".repeat(16));
const flowBucketEndMs = Date.UTC(2026, 10, 23);
const mailboxBucketEndMs = Date.UTC(2026, 11, 1);

function record(value: Uint8Array, key: Uint8Array = conversationId): LogRecord {
  return { topic: topics.replies, key, value, bucketEndMs: flowBucketEndMs, partition: 0, offset: 7 };
}

function sealed(changes: Partial<Header> = {}): Uint8Array {
  const header: Header = {
    suite: Suite.AES_256_GCM,
    messageId,
    tenantId,
    conversationId,
    stage: Stage.REPLY,
    attempt: 0,
    senderSeq: 0,
    createdAtMs: mailboxBucketEndMs - DAY_MS,
    expiresAtMs: mailboxBucketEndMs,
    contentType: ContentType.REPLY,
    policyVersion: 1,
    ...changes,
  };
  const key = createWrapKey(nodeBackend, { key: randomBytes(32), keyId: parseKeyId(randomBytes(16)) });
  const { bytes: envelope } = sealEnvelope(nodeBackend, { header, payload: Buffer.from("x"), recipients: [key] });
  const event = { case: "sealed" as const, value: { envelope, signerCertificate: Buffer.from("certificate") } };
  return toBinary(ReplyEventSchema, create(ReplyEventSchema, { event }));
}

function failed(changes: Partial<ReplyFailed> = {}): Uint8Array {
  const value = { tenantId, conversationId, causeId: messageId, code: "EXPIRED", retryable: false, ...changes };
  return toBinary(ReplyEventSchema, create(ReplyEventSchema, { event: { case: "failed", value } }));
}

const malformed = expect.objectContaining({ code: "MALFORMED" });

describe("a record of chat.replies.v1", () => {
  it("goes into the bucket of the mailbox that its envelope names", () => {
    expect(readReplyRecord(record(sealed()))).toMatchObject({
      conversation: { tenantId, conversationId },
      mailboxBucketEndMs,
      identity: { messageId },
    });
  });

  it("goes with its record's bucket when it is a status", () => {
    expect(readReplyRecord(record(failed())).mailboxBucketEndMs).toBe(flowBucketEndMs);
  });

  it("has one identity for the same status, and another for another", () => {
    const [one, same, other] = [failed(), failed(), failed({ code: "KEY_DESTROYED" })].map(
      (value) => readReplyRecord(record(value)).identity.messageId,
    );
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it.each<[string, LogRecord]>([
    ["an envelope of another stage", record(sealed({ stage: Stage.TURN, contentType: ContentType.TURN }))],
    ["an expiry that is no bucket's end", record(sealed({ expiresAtMs: mailboxBucketEndMs + 1 }))],
    ["the key of another conversation", record(sealed(), new Uint8Array(16))],
    ["a status under the key of another conversation", record(failed(), new Uint8Array(16))],
    ["a status without its tenant", record(failed({ tenantId: new Uint8Array() }))],
    ["an event of no known kind", record(new Uint8Array())],
  ])("is refused with %s", (_what, given) => {
    expect(() => readReplyRecord(given)).toThrow(malformed);
  });

  it("is read or refused with an EnvelopeError, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        try {
          readReplyRecord(record(bytes));
          return true;
        } catch (error) {
          return error instanceof EnvelopeError;
        }
      }),
    );
  });

  it("is refused for every byte that is cut off its end", () => {
    const whole = sealed();
    const lengths = Array.from({ length: whole.length - 1 }, (_, index) => index + 1);
    const accepted = lengths.filter((length) => {
      try {
        readReplyRecord(record(whole.subarray(0, length)));
        return true;
      } catch {
        return false;
      }
    });
    // An event whose envelope is whole and whose certificate is cut or missing is for its reader to refuse.
    expect(accepted.every((length) => length > whole.length - "certificate".length - 3)).toBe(true);
  });
});
