import type { ConversationId, TenantId } from "@cloister/envelope";

export interface ConversationKey {
  readonly tenantId: TenantId;
  readonly conversationId: ConversationId;
}

export interface MailboxEvent {
  /** The record's offset on the log: it grows within a conversation, since a conversation keeps its partition. */
  readonly offset: number;
  /** A serialized ReplyEvent. */
  readonly event: Uint8Array;
}

/** Injection token of Mailbox. */
export const MAILBOX = Symbol("Mailbox");

/** Where replies wait, durably, until their bucket ends. */
export interface Mailbox {
  /** Events after that offset which have not expired, in order, at most `limit`. */
  readAfter(conversation: ConversationKey, afterOffset: number, limit: number, nowMs: number): Promise<MailboxEvent[]>;
}

/** One event on its way into the mailbox. */
export interface Delivery extends MailboxEvent {
  readonly conversation: ConversationKey;
  readonly bucketEndMs: number;
}

/** Injection token of MailboxStore. */
export const MAILBOX_STORE = Symbol("MailboxStore");

/** The writing side: deliveries are stored in the consumer's own transaction. */
export interface MailboxStore {
  /** Makes the partitions of these buckets, outside any transaction. */
  makeRoom(bucketEndsMs: readonly number[]): Promise<void>;
}
