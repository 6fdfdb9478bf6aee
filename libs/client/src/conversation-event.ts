/** Where an answer took something from: a document of a knowledge base. */
export interface ReplySource {
  readonly documentId: string;
  readonly title: string;
}

/** A verified answer. */
export interface ReplyReceived {
  readonly kind: "reply";
  /** For `lastEventId`. */
  readonly eventId: string;
  /** 16 bytes. */
  readonly messageId: Uint8Array;
  /** The id of the message that it answers, 16 bytes. */
  readonly causeId: Uint8Array;
  readonly createdAtMs: number;
  /** With this conversation's own values put back in place of their placeholders. */
  readonly text: string;
  /** As the model wrote it, with placeholders. */
  readonly rawText: string;
  readonly sources: readonly ReplySource[];
  /** The runtime and model that answered. */
  readonly model: string;
  /**
   * Set when the tenant's policy refused the message: TOPIC_FORBIDDEN or REGULATED_DATA_BLOCKED. `text` says why, in
   * the tenant's words or the service's; no model was asked, and nothing of the message is remembered.
   */
  readonly refusalCode?: string;
}

/** A message could not be answered. A status of an unkeyed service: anybody who runs the service can forge it. */
export interface ReplyFailed {
  readonly kind: "failed";
  readonly eventId: string;
  /** The id of the message that failed, 16 bytes. */
  readonly causeId: Uint8Array;
  /** Stable, upper case. */
  readonly code: string;
  /** Sending the same text as a new message may succeed. */
  readonly retryable: boolean;
}

/**
 * A message has to wait for something of its tenant's, such as its key management. It is kept and will be answered, in its
 * turn; nothing is to be sent again. A status of an unkeyed service, as `ReplyFailed` is.
 */
export interface ReplyWaiting {
  readonly kind: "waiting";
  readonly eventId: string;
  /** The id of the message that waits, 16 bytes. */
  readonly causeId: Uint8Array;
  /** What it waits for. Stable, upper case. */
  readonly code: string;
}

/** Messages of this client between the ones that arrived never did. Reported once, with the message after the gap. */
export interface GapNoticed {
  readonly kind: "gap";
  readonly eventId: string;
  readonly causeId: Uint8Array;
}

/** Something lay in the mailbox that could not be verified. It is not shown; the code says why. */
export interface EventRefused {
  readonly kind: "refused";
  readonly eventId: string;
  readonly code: string;
}

/**
 * More of an answer that is still being given: verified, its values put back in place of their placeholders. The reply
 * that follows stands alone and replaces all of it.
 */
export interface LiveText {
  readonly kind: "live";
  /** The id of the message that is being answered, 16 bytes. */
  readonly causeId: Uint8Array;
  /** What came now. */
  readonly text: string;
  /** All that came of this attempt. An answer that is begun anew begins with the empty text. */
  readonly textSoFar: string;
  /** Cells that came of this attempt, idle ones included. */
  readonly cells: number;
  /** What each of them had on the wire, sealed. */
  readonly cellBytes: number;
}

/**
 * No more of a running answer can be shown: a cell was lost, moved, changed or forged; the code says what was noticed.
 * What was shown of it was genuine. The reply comes all the same.
 */
export interface LiveStopped {
  readonly kind: "live-stopped";
  /** 16 bytes; missing when not even the beginning could be verified. */
  readonly causeId?: Uint8Array;
  readonly code: string;
}

/** What a reader of a conversation gets. */
export type ConversationEvent =
  ReplyReceived | ReplyFailed | ReplyWaiting | GapNoticed | EventRefused | LiveText | LiveStopped;
