import { CodedError } from "@cloister/service";

/** What can go wrong between a service and the message log. Closed: callers switch on it exhaustively. */
export const messagingErrors = {
  UNKNOWN_TOPIC: {
    title: "A record or a consumer names a topic that was never created",
    remedy: "Create the topics before the services start.",
  },
  TOPIC_MISMATCH: {
    title: "The topic exists with another number of partitions",
    remedy: "Configure the number that it was created with: it is fixed for ever.",
  },
  TOPIC_WOULD_SHRINK: {
    title: "A topic has more partitions than are wanted, and can't lose any",
    remedy: "Want as many as it has; its records would have to be lost otherwise.",
  },
  TOPIC_NOT_DRAINED: {
    title: "A topic holds records that a consumer group has not read, so this change would lose or reorder them",
    remedy:
      "Stop what sends, wait until the groups that are named have read everything, or delete a group that nobody uses.",
  },
  LOG_UNGUARDED: {
    title: "The brokers check no access rules",
    remedy: "Set authorizer.class.name, super.users and allow.everyone.if.no.acl.found=false on every broker.",
  },
  LOG_UNAVAILABLE: {
    title: "The message log cannot be reached",
    remedy: "Look at the log's engine; the service goes on by itself when it is back.",
    isRetryable: true,
  },
  LOG_UNAUTHORIZED: {
    title: "The message log refuses this program's credentials or what it wants to do",
    remedy: "Check user name and password of the log, and that its access rules (cloister topics acl) were applied.",
  },
  LOG_UNTRUSTED: {
    title: "The message log's certificate is not trusted",
    remedy: "Set CLOISTER_KAFKA_CA_FILE to the authority that signed it, and brokers by the names that it holds.",
  },
  RECORD_TOO_LARGE: {
    title: "A record is larger than the message log takes",
    remedy: "A record's value may have 1 MiB, and its topic must allow it (max.message.bytes; cloister topics apply).",
  },
  SHARED_FAILURE: {
    title: "An engine that all records need is away",
    remedy: "The same batch comes again; the code inside says which engine.",
    isRetryable: true,
  },
  PARKING_FULL: {
    title: "More waits for the tenant than there is room for",
    remedy: "Look at what its messages wait for, such as its key management; they go on by themselves.",
    isRetryable: true,
  },
  RECORD_MOVED: {
    title: "A record's key is not the conversation of its envelope: somebody moved it",
    remedy: "Find out who writes to the topic; the record is not used.",
  },
  FENCED: {
    title: "Another owner of the partition was faster",
    remedy: "Nothing of the batch was written; the other owner did it.",
    isRetryable: true,
  },
  CONSUMER_FATAL: {
    title: "A consumer must not go on, and its service stops",
    remedy: "Read the cause in the log before starting the service again.",
  },
} as const;

export type MessagingErrorCode = keyof typeof messagingErrors;

export class MessagingError extends CodedError<MessagingErrorCode> {
  override get isUnavailable(): boolean {
    return ["LOG_UNAVAILABLE", "SHARED_FAILURE", "PARKING_FULL"].includes(this.code);
  }
}

/** Codes of records that no exception carries. */
export const recordErrors = {
  ID_REUSED: {
    title: "The message id was used for other bytes",
    remedy: "Seal the text anew: the SDK gives each message an id of its own.",
  },
  RECORD_UNTRUSTED: {
    title: "A record does not say to which retention bucket it belongs, so it was not written by a service",
    remedy: "Find out who writes to the topic; the record is not used.",
  },
  BEHIND_PARKED: {
    title: "The message waits because an earlier one of its conversation waits",
    remedy: "It goes on by itself after the earlier one; look at that one's code.",
    isRetryable: true,
  },
} as const;
