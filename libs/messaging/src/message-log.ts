/** Most bytes of a record's value. */
export const MAX_RECORD_BYTES = 1_024 * 1_024;
/** Most records of a batch, where its consumer says nothing else. */
export const MAX_BATCH_RECORDS = 64;
/** A batch ends before its values would pass this sum, but has at least one record. */
export const MAX_BATCH_BYTES = 4 * 1_024 * 1_024;

/** A record to be produced. Its partition follows from its key. */
export interface OutgoingRecord {
  readonly topic: string;
  /** conversation_id, 16 bytes: records of one key keep their order. */
  readonly key: Uint8Array;
  /** A serialized event, at most 1 MiB; anything a person wrote in it is sealed. */
  readonly value: Uint8Array;
  /** End of the `flow` bucket the record belongs to, ms since the epoch: it is dropped then. */
  readonly bucketEndMs: number;
}

export interface LogRecord extends OutgoingRecord {
  readonly partition: number;
  /** From 0, without gaps as produced; gaps appear when buckets are dropped. */
  readonly offset: number;
  /** Set when the log cannot vouch for the record's bucket: it becomes a dead letter with this code. */
  readonly flaw?: "RECORD_UNTRUSTED";
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Records of one partition in offset order, at least one. */
export interface RecordBatch extends TopicPartition {
  readonly records: readonly LogRecord[];
}

export interface TopicDefinition {
  readonly name: string;
  /** Fixed at creation. */
  readonly partitions: number;
}

export interface ConsumeOptions {
  /** Each partition is worked on by one member of its group at a time; a new group starts at the oldest record. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Most records of a batch; `MAX_BATCH_RECORDS`. */
  readonly maxBatchRecords?: number;
  /** Most batches (of different partitions) in work at once; 8. */
  readonly maxConcurrency?: number;
  /** Awaited before the first fetch of a partition. `stopping` aborts when the partition is to be given up. */
  onAssigned(where: TopicPartition, stopping: AbortSignal): Promise<void>;
  /**
   * One call at a time for a partition. When it resolves, the batch's offsets are committed. When it rejects, the same
   * records come again after a pause that grows to 5 s, here or at another member; MessagingError CONSUMER_FATAL
   * instead ends the whole consumption. `stopping` aborts when the partition is to be given up: a batch that has not
   * been begun by then is not to be.
   */
  onBatch(batch: RecordBatch, stopping: AbortSignal): Promise<void>;
  /**
   * Awaited, as long as a batch in work would be, after the last batch of a partition that was assigned and before it is
   * given up. May reject: the next owner does what is left.
   */
  onRevoked?(where: TopicPartition): Promise<void>;
  /** Called at most once, when the consumption has ended by itself. */
  onFatal(error: unknown): void;
}

export interface Consumption {
  /** True from the first successful join to the close or the fatal end. */
  isJoined(): boolean;
  /** Fetches nothing more, finishes and commits the batches in work, leaves the group. May be called twice. */
  close(): Promise<void>;
}

/** The durable, partitioned log between the services. Adapters pass `messageLogContract` of @cloister/testing. */
export interface MessageLog {
  /**
   * Creates what is missing. @throws MessagingError TOPIC_MISMATCH; UNKNOWN_TOPIC when a topic is missing and this
   * program may not create it; LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED
   */
  ensureTopics(topics: readonly TopicDefinition[]): Promise<void>;
  /**
   * Resolves when all records are durable; those of one key are in the given order. All or, after a rejection, any part
   * of them may have been written: produce again, the inbox of the consumer drops what comes twice. RECORD_TOO_LARGE
   * means that all others were written.
   * @throws MessagingError UNKNOWN_TOPIC, RECORD_TOO_LARGE, LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED
   */
  produce(records: readonly OutgoingRecord[]): Promise<void>;
  /**
   * Joins the group; resolves when joined.
   * @throws MessagingError UNKNOWN_TOPIC, LOG_UNAVAILABLE, LOG_UNAUTHORIZED, LOG_UNTRUSTED
   */
  consume(options: ConsumeOptions): Promise<Consumption>;
  /** Closes its consumptions. */
  close(): Promise<void>;
}
