import type { Kysely } from "kysely";

/** A passage as it is kept: an envelope of stage PASSAGE beside what finds it. All ids have 16 bytes. */
export interface SealedPassage {
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
  /** The message or document that it was cut from. */
  readonly causeId: Uint8Array;
  /** Its place in that text, from 0. */
  readonly number: number;
  /** The person whose conversation it is; the envelope's header has the same. */
  readonly subjectRef?: Uint8Array;
  /** The end of its `vector` bucket: the envelope's `expires_at_ms`. */
  readonly bucketEndMs: number;
  /** A serialized Envelope. */
  readonly envelope: Uint8Array;
}

/** All passages that were cut from one message or document of a conversation. */
export interface PassagesOfCause {
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
  readonly causeId: Uint8Array;
}

/** Where an answer may look: conversations of one tenant, and those of a subject. */
export interface PassageScope {
  readonly tenantId: Uint8Array;
  readonly conversationIds: readonly Uint8Array[];
  readonly subjectRef?: Uint8Array;
  /** Passages whose bucket has ended by then are left out. */
  readonly nowMs: number;
}

/** What inference may do: read. */
export interface PassageReader {
  /**
   * The sealed passages of a scope, newest bucket first, at most the index's limit. What comes back is a claim of the
   * store's: the reader opens each envelope and compares its header with the scope.
   * @throws RetrievalError INDEX_NOT_READY while embedding has not made its tables
   */
  fetch(scope: PassageScope): Promise<SealedPassage[]>;
}

/** A transaction of the consumer that stores: an adapter with tables of its own writes nothing outside of it. */
export type PassageTransaction<Tables> = Kysely<Tables>;

/** What embedding does. A TextEmbedder's vectors will be sealed (stage VECTOR) beside the passages that they stand for. */
export interface VectorIndex<Tables> extends PassageReader {
  /** Makes room for buckets; to be called before the transaction that stores into them. */
  prepare(bucketEndsMs: readonly number[]): Promise<void>;
  /** Stores passages, once however often it is called with the same. */
  store(transaction: PassageTransaction<Tables>, passages: readonly SealedPassage[]): Promise<void>;
  /** Removes what was cut from messages or documents that have been replaced. */
  remove(transaction: PassageTransaction<Tables>, causes: readonly PassagesOfCause[]): Promise<void>;
  /** The first passage of each text in a conversation: enough to tell which documents it holds. */
  firstPassages(scope: PassageScope): Promise<SealedPassage[]>;
  /** Ends a bucket with all its passages. False when there was none. */
  dropBucket(bucketEndMs: number): Promise<boolean>;
}
