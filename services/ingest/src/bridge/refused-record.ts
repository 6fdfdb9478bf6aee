import { EnvelopeError, parseEnvelope, protectedHash } from "@cloister/envelope";
import type { LogRecord, OutgoingRecord, RecordIdentity } from "@cloister/messaging";
import { replyFailedRecord } from "@cloister/messaging/sealed-events";
import { createHash } from "node:crypto";

import type { BridgedTenant } from "./bridged-tenants.ts";
import type { Verdict } from "./verdict.ts";

const idBytes = 16;

/** The ids that the envelope names, its tenant's excepted: that is the topic's. Undefined for what is no envelope. */
export function identityOf(record: LogRecord, { tenantId }: BridgedTenant): RecordIdentity | undefined {
  try {
    const envelope = parseEnvelope(record.value);
    const { messageId, conversationId } = envelope.header;
    return { messageId, conversationId, tenantId, fingerprint: protectedHash(envelope) };
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}

/**
 * What the tenant is told on its topic of replies: a status with the code. Of bytes without ids it names what the tenant
 * can find again: the record's key, if that is 16 bytes, and as cause the first 16 bytes of the value's SHA-256.
 */
export function statusFor(
  record: LogRecord,
  tenant: BridgedTenant,
  identity: RecordIdentity | undefined,
  { code, isRetryable }: Extract<Verdict, { kind: "refuse" }>,
): OutgoingRecord {
  const status = replyFailedRecord({
    tenantId: tenant.tenantId,
    conversationId: identity?.conversationId ?? keyOf(record),
    causeId: identity?.messageId ?? createHash("sha256").update(record.value).digest().subarray(0, idBytes),
    code,
    isRetryable,
    bucketEndMs: record.bucketEndMs,
  });
  return { ...status, topic: tenant.replies };
}

function keyOf({ key }: LogRecord): Uint8Array {
  return key.length === idBytes ? key : new Uint8Array(idBytes);
}
