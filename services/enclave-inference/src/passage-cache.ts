import { getHeapStatistics } from "node:v8";
import type { SearchIndex } from "@cloister/retrieval";
import { KeyBoundCache, type CacheLimits, type KeyBound } from "./key-bound-cache.ts";
import type { OpenedPassage } from "./open-passages.ts";

/** A segment in clear, ready to be searched. */
export interface OpenSegment extends KeyBound {
  readonly index: SearchIndex<OpenedPassage>;
  /** Of its passages. */
  readonly names: Set<string>;
  readonly epoch: number;
  readonly revision: number;
}

/** A part of the heap that Node was given, so that the answers in work have room beside it. */
const shareOfHeap = 1 / 4;
const defaultLimits: CacheLimits = {
  maxBytes: getHeapStatistics().heap_size_limit * shareOfHeap,
  maxEntries: 1_000,
};

/** Opened segments, as large as `SearchIndex` estimates them; one that is extended is put anew. */
export class PassageCache extends KeyBoundCache<OpenSegment> {
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(limits: CacheLimits = defaultLimits) {
    super(limits, {
      bytesOf: ({ index }) => index.bytes,
      empty: ({ index }) => {
        index.clear();
      },
    });
  }

  /** Works of one name one after the other, so that who comes second finds what the first one has put. */
  async inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const mine = (this.#turns.get(name) ?? Promise.resolve()).then(work);
    const over = mine.catch(() => undefined);
    this.#turns.set(name, over);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(name) === over) this.#turns.delete(name);
    }
  }
}
