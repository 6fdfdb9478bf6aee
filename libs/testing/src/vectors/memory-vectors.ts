import {
  livePassages,
  passageSchema,
  type NearestPassages,
  type PassagesOfCause,
  type PassageTables,
  type ProtectedPassage,
  type ProtectedVectors,
  type SealedPassage,
  type Segment,
} from "@cloister/retrieval";
import { schemaOf, type Database } from "@cloister/storage";

/** A store of protected vectors in memory, which passes the contract of all of them: it stands for Qdrant. */
export class MemoryVectors implements ProtectedVectors {
  readonly name = "qdrant" satisfies NearestPassages["name"];
  /** What it was given, by bucket: a test may look at what a store gets to see. */
  readonly held: ProtectedPassage[] = [];
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async stage(passages: readonly ProtectedPassage[]): Promise<void> {
    for (const one of passages) {
      this.#delete((held) => isOfCause(held, one) && held.number === one.number);
      this.held.push(one);
    }
  }

  async store(): Promise<void> {
    await Promise.resolve();
  }

  async remove(_: unknown, causes: readonly PassagesOfCause[]): Promise<void> {
    for (const cause of causes) this.#delete((held) => isOfCause(held, cause));
  }

  async dropBucket(bucketEndMs: number): Promise<boolean> {
    const before = this.held.length;
    this.#delete((held) => held.bucketEndMs === bucketEndMs);
    return this.held.length < before;
  }

  async nearest(segment: Segment, probe: Float32Array, limit: number): Promise<SealedPassage[] | undefined> {
    const scored = this.held
      .filter((held) => isOfConversation(held, segment) && held.bucketEndMs === segment.bucketEndMs)
      .map(({ vector, protection: _, ...passage }) => ({ passage, score: dot(vector, probe) }))
      .sort((one, other) => other.score - one.score)
      .slice(0, limit);
    const candidates = scored.map(({ passage }) => passage);
    return livePassages(schemaOf<PassageTables>(this.#db, passageSchema), segment, candidates);
  }

  #delete(isGone: (held: ProtectedPassage) => boolean): void {
    this.held.splice(0, this.held.length, ...this.held.filter((held) => !isGone(held)));
  }
}

function isOfConversation(one: PassagesOfCause, other: Pick<Segment, "tenantId" | "conversationId">): boolean {
  return isSame(one.tenantId, other.tenantId) && isSame(one.conversationId, other.conversationId);
}

function isOfCause(one: PassagesOfCause, other: PassagesOfCause): boolean {
  return isOfConversation(one, other) && isSame(one.causeId, other.causeId);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function dot(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0);
}
