import { setImmediate } from "node:timers/promises";
import type { KemPrivateKey, WrapKey } from "@cloister/envelope";
import { requestText } from "@cloister/keyring";
import {
  SearchIndex,
  type PassageReader,
  type SealedPassage,
  type Segment,
  type TextEmbedder,
} from "@cloister/retrieval";
import type { SearchMetrics } from "./inference.metrics.ts";
import { openPassage, type OpenedPassage, type Opening, type PassageOrigin } from "./open-passages.ts";
import type { OpenSegment, PassageCache } from "./passage-cache.ts";
import { vectorKeyOf } from "./scope.ts";

export interface SegmentPorts {
  readonly passages: PassageReader;
  readonly cache: PassageCache;
  readonly embedder: TextEmbedder;
  readonly searches: SearchMetrics;
}

export interface WantedSegment {
  readonly segment: Segment;
  /** How the asking conversation stands to it. */
  readonly origin: PassageOrigin;
  readonly key: WrapKey | KemPrivateKey;
  /** At most so many of its passages, the newest. */
  readonly limit: number;
}

/** So many envelopes are opened, in a few milliseconds, before others have their turn. */
const sliceSize = 200;

/**
 * The segment's passages in clear: from the cache what is there, from the store what is not. Many may ask for one at the
 * same time, as for a knowledge base: it is opened once. Throws for outages alone.
 */
export function loadSegment(
  wanted: WantedSegment,
  ports: SegmentPorts,
  nowMs: number,
): Promise<SearchIndex<OpenedPassage>> {
  // The same passages read differently by their own conversation: with the numbers of its placeholders.
  const name = `${wanted.origin}/${requestText(vectorKeyOf(wanted.segment))}`;
  return ports.cache.inTurn(name, () => loadNamed(name, wanted, ports, nowMs));
}

async function loadNamed(
  name: string,
  { segment, origin, key, limit }: WantedSegment,
  { passages, cache, embedder, searches }: SegmentPorts,
  nowMs: number,
): Promise<SearchIndex<OpenedPassage>> {
  const held = cache.get(name, key, nowMs);
  const isUsable = held?.epoch === segment.epoch;
  if (isUsable && held.revision >= segment.revision) {
    searches.segment("cached");
    return held.index;
  }
  searches.segment(isUsable ? "extended" : "opened");
  const known = isUsable ? held : { index: new SearchIndex<OpenedPassage>(), names: new Set<string>(), revision: -1 };
  const part = { afterRevision: known.revision, limit };
  await addPassages(known, await passages.passages(segment, part), {
    segment,
    origin,
    key,
    model: embedder.model,
    nowMs,
  });
  const { epoch, revision, bucketEndMs } = segment;
  const { index, names } = known;
  if (!cache.put(name, { index, names, epoch, revision, bucketEndMs, key })) searches.segment("uncached");
  searches.held(cache.bytes);
  return index;
}

async function addPassages(
  { index, names }: Pick<OpenSegment, "index" | "names">,
  sealed: readonly SealedPassage[],
  opening: Opening,
): Promise<void> {
  for (let start = 0; start < sealed.length; start += sliceSize) {
    if (start > 0) await setImmediate();
    const opened = sealed.slice(start, start + sliceSize).flatMap((one) => openPassage(one, opening) ?? []);
    const added = opened.filter(({ name }) => !names.has(name));
    for (const { name } of added) names.add(name);
    index.add(added);
  }
}
