import { SearchIndex, type VectorTransform } from "@cloister/retrieval";
import { loadSegment, type SegmentPorts, type WantedSegment } from "./load-segment.ts";
import { openPassage, type OpenedPassage } from "./open-passages.ts";

/**
 * So many candidates are opened and ranked by their exact vectors and by words: docs/retrieval.md has what of the true
 * nearest is among them.
 */
export const maxCandidates = 400;

/** A large segment that is not opened as a whole: what is near a question is asked of a store of protected vectors. */
export interface StoredSegment {
  /** What may answer a question with this vector. Throws for outages alone. */
  near(question: Float32Array | undefined): Promise<SearchIndex<OpenedPassage>>;
}

/**
 * The store gets the question protected by the segment's own transform, and gives sealed passages, which are opened and
 * compared as all are. Where the store doesn't have the segment, or the model knows no word of the question, the segment is
 * opened and searched in memory.
 */
export function storedSegment(
  wanted: WantedSegment,
  transform: () => VectorTransform,
  ports: SegmentPorts,
  nowMs: number,
): StoredSegment {
  const { segment, origin, key } = wanted;
  const { passages, embedder, searches } = ports;
  return {
    async near(question) {
      if (question?.some((value) => value !== 0) !== true) return loadSegment(wanted, ports, nowMs);
      const sealed = await passages.nearest(segment, transform().protect(question), maxCandidates);
      if (sealed === undefined) return loadSegment(wanted, ports, nowMs);
      searches.segment("nearest");
      const opening = { segment, origin, key, model: embedder.model, nowMs };
      return new SearchIndex(sealed.flatMap((one) => openPassage(one, opening) ?? []));
    },
  };
}
