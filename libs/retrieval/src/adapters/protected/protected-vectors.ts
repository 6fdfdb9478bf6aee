import type {
  ConversationOfTenant,
  PassagesOfCause,
  PassageTransaction,
  ProtectedStoreName,
  SealedPassage,
  Segment,
} from "../../index/vector-index.ts";
import type { PassageTables } from "../sealed/passage-table.ts";

/** A passage with the protected vector that finds it. */
export interface ProtectedPassage extends SealedPassage {
  readonly vector: Float32Array;
}

/** Where inference looks for candidates. */
export interface NearestPassages {
  readonly name: ProtectedStoreName;
  /** As `PassageReader.nearest`; what comes back may have been removed meanwhile. */
  nearest(segment: Segment, probe: Float32Array, limit: number): Promise<SealedPassage[] | undefined>;
}

/**
 * A store of protected vectors beside the sealed passages, which stay the truth of what there is. Each method throws
 * RetrievalError INDEX_UNAVAILABLE or INDEX_REFUSED.
 */
export interface ProtectedVectors extends NearestPassages {
  /** Before the consumer's transaction: makes room, and writes what can't be written inside. @throws also INDEX_FULL */
  stage(passages: readonly ProtectedPassage[]): Promise<void>;
  /** Inside of it, so that a message which comes again undoes nothing. */
  store(transaction: PassageTransaction<PassageTables>, passages: readonly ProtectedPassage[]): Promise<void>;
  remove(transaction: PassageTransaction<PassageTables>, causes: readonly PassagesOfCause[]): Promise<void>;
  /** False when there was nothing of that bucket. */
  dropBucket(bucketEndMs: number): Promise<boolean>;
}

/** A bucket of protected vectors, as retention sees it. */
export interface BucketOfVectors {
  readonly bucketEndMs: number;
  /** Counted, not read. */
  readonly vectors: number;
}

/**
 * What retention may do: geometry outlives the keys that its vectors were protected under, so it has to be dropped. Each
 * method throws RetrievalError INDEX_UNAVAILABLE or INDEX_REFUSED.
 */
export interface EndingVectors {
  /** How receipts and `retention status` name it. */
  readonly table: string;
  list(): Promise<BucketOfVectors[]>;
  dropBucket(bucketEndMs: number): Promise<boolean>;
  /** Deletes what an erased conversation has in any bucket. How many that were. */
  forget(conversation: ConversationOfTenant): Promise<number>;
}
