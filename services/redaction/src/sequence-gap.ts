import type { OutgoingRecord } from "@cloister/messaging";
import { replyFailedRecord } from "@cloister/messaging/sealed-events";
import type { Origin } from "./seal-outputs.ts";

/** Tells the reader, once, that messages before this one never arrived here. A status, so it needs no key. */
export function sequenceGap({ header }: Origin): OutgoingRecord {
  return replyFailedRecord({
    tenantId: header.tenantId,
    conversationId: header.conversationId,
    causeId: header.messageId,
    code: "SEQUENCE_GAP",
    isRetryable: false,
    bucketEndMs: header.expiresAtMs,
  });
}
