import { randomBytes } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema, HeaderSchema } from "@cloister/contracts/envelope";
import { topics } from "@cloister/contracts/topics";
import { parseTenantId } from "@cloister/envelope";
import type { OutgoingRecord } from "@cloister/messaging";
import { sealedMessageRecord } from "@cloister/messaging/sealed-events";
import { say, type DeviceMessage, type OpenedConversation } from "../e2e/device.ts";

export interface Poison {
  readonly kind: string;
  /** In the order in which they are to come. */
  readonly records: readonly OutgoingRecord[];
  /** What redaction may call it. */
  readonly codes: readonly string[];
  /** Whether it says whose it is, so that its reader is to be told. */
  readonly isTold: boolean;
}

const HOUR_MS = 60 * 60_000;

/** One of each kind, for a conversation that nothing else is said in. */
export function poisonFor(conversation: OpenedConversation, nowMs: number): Poison[] {
  let senderSeq = 0;
  const next = (changes: Parameters<typeof say>[4] = {}): DeviceMessage =>
    say(conversation, nowMs, ++senderSeq, "Nobody is to answer this.", changes);
  const carrying = (envelope: Uint8Array): OutgoingRecord => recordOf(conversation, envelope);
  const whole = next();
  const expired = next({ header: { expiresAtMs: Math.floor(nowMs / HOUR_MS) * HOUR_MS } });
  const foreign = next({ header: { tenantId: parseTenantId(randomBytes(16)) } });
  const first = next();
  const again = next({ header: { messageId: first.messageId } });
  return [
    {
      kind: "truncated",
      records: [carrying(whole.envelope.subarray(0, whole.envelope.length >> 1))],
      codes: ["MALFORMED", "TRUNCATED"],
      isTold: false,
    },
    { kind: "rubbish", records: [{ ...whole.record, value: randomBytes(700) }], codes: ["MALFORMED"], isTold: false },
    {
      kind: "unknown suite",
      records: [carrying(withSuite(whole.envelope, 9))],
      codes: ["UNSUPPORTED_SUITE"],
      isTold: false,
    },
    { kind: "expired", records: [carrying(expired.envelope)], codes: ["EXPIRED"], isTold: true },
    { kind: "another tenant's", records: [carrying(foreign.envelope)], codes: foreignCodes, isTold: false },
    { kind: "too large", records: [carrying(tooLarge(whole.envelope))], codes: ["TOO_LARGE"], isTold: false },
    { kind: "id reused", records: [first.record, again.record], codes: ["ID_REUSED"], isTold: true },
    {
      kind: "moved to another key",
      records: [{ ...next().record, key: randomBytes(16) }],
      codes: ["RECORD_MOVED"],
      isTold: false,
    },
  ];
}

const foreignCodes = ["TENANT_UNKNOWN", "CONVERSATION_UNKNOWN", "POLICY_UNKNOWN", "FORBIDDEN", "NOT_FOUND"];

function recordOf({ id, statement }: OpenedConversation, envelope: Uint8Array): OutgoingRecord {
  return sealedMessageRecord(topics.inbound, {
    conversationId: id,
    envelope,
    bucketEndMs: statement.expiresAtMs,
  });
}

function withSuite(envelope: Uint8Array, suite: number): Uint8Array {
  const parsed = fromBinary(EnvelopeSchema, envelope);
  const header = { ...fromBinary(HeaderSchema, parsed.protected), suite };
  return toBinary(
    EnvelopeSchema,
    create(EnvelopeSchema, { ...parsed, protected: toBinary(HeaderSchema, create(HeaderSchema, header)) }),
  );
}

function tooLarge(envelope: Uint8Array): Uint8Array {
  const parsed = fromBinary(EnvelopeSchema, envelope);
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { ...parsed, ciphertext: randomBytes(900 * 1024) }));
}
