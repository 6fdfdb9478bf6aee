import type { Kysely } from "kysely";

/**
 * A passage as it is kept: an envelope of stage PASSAGE, which holds its text and the vector of it, beside what finds it.
 * All ids have 16 bytes.
 */
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
  /** Set where its vector goes into a store of protected vectors as well; for writing, never read back. */
  readonly protection?: VectorProtection;
}

export interface VectorProtection {
  /** As a VectorTransform made it; absent for a text that the model knows no word of. */
  readonly vector?: Float32Array;
}

/** The stores of protected vectors. */
export type ProtectedStoreName = "pgvector" | "qdrant";

export interface ConversationOfTenant {
  readonly tenantId: Uint8Array;
  readonly conversationId: Uint8Array;
}

/** All passages that were cut from one message or document of a conversation. */
export interface PassagesOfCause extends ConversationOfTenant {
  readonly causeId: Uint8Array;
  /** Of the `vector` bucket that they are in. */
  readonly bucketEndMs: number;
}

/** Where an answer may look: conversations of one tenant, and those of a subject. */
export interface PassageScope {
  readonly tenantId: Uint8Array;
  readonly conversationIds: readonly Uint8Array[];
  readonly subjectRef?: Uint8Array;
  /** Passages whose bucket has ended by then are left out. */
  readonly nowMs: number;
}

/** What a conversation has in one bucket: all of it lies under one `vector` key. */
export interface Segment extends ConversationOfTenant {
  readonly bucketEndMs: number;
  /** Another one than before: passages were removed, and what was fetched earlier is not to be used. */
  readonly epoch: number;
  /** A higher one than before: passages were added. */
  readonly revision: number;
  /** The store that has a protected vector of each of its passages; absent where some are only sealed. */
  readonly protectedIn?: ProtectedStoreName;
}

export interface SegmentPart {
  /** Passages stored after this revision; -1 for all. */
  readonly afterRevision: number;
  readonly limit: number;
}

/**
 * What inference may do: read. What comes back is a claim of the store's: the reader opens each envelope and compares its
 * header with the scope. All methods throw RetrievalError INDEX_NOT_READY while embedding has not made its tables.
 */
export interface PassageReader {
  /** The segments of each scope, newest bucket first, in the order of the scopes. */
  segments(scopes: readonly PassageScope[]): Promise<Segment[][]>;
  /** The sealed passages of a segment, newest message first. */
  passages(segment: Segment, part: SegmentPart): Promise<SealedPassage[]>;
  /**
   * The passages of a segment whose protected vectors have the largest dot product with the probe, the largest first,
   * approximately. Undefined where this index doesn't hold the segment's vectors: fetch its passages and search those.
   * @throws RetrievalError INDEX_UNAVAILABLE, INDEX_REFUSED
   */
  nearest(segment: Segment, probe: Float32Array, limit: number): Promise<SealedPassage[] | undefined>;
}

/** A transaction of the consumer that stores: an adapter with tables of its own writes nothing outside of it. */
export type PassageTransaction<Tables> = Kysely<Tables>;

/** What embedding does. */
export interface VectorIndex<Tables> extends PassageReader {
  /** Where protected vectors go; absent where everything is only sealed, which protects more. */
  readonly protectedIn?: ProtectedStoreName;
  /** Makes room for buckets; to be called before the transaction that stores into them. */
  prepare(bucketEndsMs: readonly number[]): Promise<void>;
  /**
   * What an adapter keeps outside of that transaction, written ahead: what the transaction then doesn't store is never
   * found. To be called before it, with the same passages; does nothing for those without `protection`.
   * @throws RetrievalError INDEX_UNAVAILABLE, INDEX_REFUSED, INDEX_FULL
   */
  stage(passages: readonly SealedPassage[]): Promise<void>;
  /** Stores passages, once however often it is called with the same. */
  store(transaction: PassageTransaction<Tables>, passages: readonly SealedPassage[]): Promise<void>;
  /** Removes what was cut from messages or documents that have been replaced. */
  remove(transaction: PassageTransaction<Tables>, causes: readonly PassagesOfCause[]): Promise<void>;
  /** The first passage of each text in a conversation: enough to tell which documents it holds. */
  firstPassages(conversation: ConversationOfTenant, nowMs: number): Promise<SealedPassage[]>;
  /** Ends a bucket with all its passages. False when there was none. */
  dropBucket(bucketEndMs: number): Promise<boolean>;
}
