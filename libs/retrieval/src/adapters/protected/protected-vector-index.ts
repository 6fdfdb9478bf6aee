import type { Database } from "@cloister/storage";
import type { PassageReader, SealedPassage, VectorIndex } from "../../index/vector-index.ts";
import type { PassageTables } from "../sealed/passage-table.ts";
import { sealedVectorIndex } from "../sealed/sealed-vector-index.ts";
import type { NearestPassages, ProtectedPassage, ProtectedVectors } from "./protected-vectors.ts";

/** Sealed rows with a store of protected vectors beside them: the rows say what there is, the store finds what is near. */
export function protectedVectorIndex(db: Database, vectors: ProtectedVectors): VectorIndex<PassageTables> {
  const sealed = sealedVectorIndex(db, vectors.name);
  return {
    ...protectedPassageReader(sealed, vectors),
    protectedIn: vectors.name,
    prepare: (bucketEndsMs) => sealed.prepare(bucketEndsMs),
    stage: (passages) => vectors.stage(passages.flatMap(withVector)),
    async store(transaction, passages) {
      await sealed.store(transaction, passages);
      await vectors.store(transaction, passages.flatMap(withVector));
    },
    async remove(transaction, causes) {
      await sealed.remove(transaction, causes);
      await vectors.remove(transaction, causes);
    },
    firstPassages: (conversation, nowMs) => sealed.firstPassages(conversation, nowMs),
    async dropBucket(bucketEndMs) {
      const isDropped = await vectors.dropBucket(bucketEndMs);
      return (await sealed.dropBucket(bucketEndMs)) || isDropped;
    },
  };
}

/** For inference: looks in the store where it holds all of a segment, and says to search in memory where not. */
export function protectedPassageReader(sealed: PassageReader, vectors: NearestPassages): PassageReader {
  return {
    segments: (scopes) => sealed.segments(scopes),
    passages: (segment, part) => sealed.passages(segment, part),
    nearest: async (segment, probe, limit) =>
      segment.protectedIn === vectors.name ? vectors.nearest(segment, probe, limit) : undefined,
  };
}

function withVector(passage: SealedPassage): ProtectedPassage[] {
  const vector = passage.protection?.vector;
  return vector === undefined ? [] : [{ ...passage, vector }];
}
