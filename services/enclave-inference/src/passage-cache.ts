import { getHeapStatistics } from "node:v8";
import type { KemPrivateKey, WrapKey } from "@cloister/envelope";
import type { SearchIndex } from "@cloister/retrieval";
import type { OpenedPassage } from "./open-passages.ts";

/** A segment in clear, ready to be searched. */
export interface OpenSegment {
  readonly index: SearchIndex<OpenedPassage>;
  /** Of its passages. */
  readonly names: Set<string>;
  readonly epoch: number;
  readonly revision: number;
  readonly bucketEndMs: number;
  /** What it was opened with: it is shown to nobody who doesn't hold this very handle. */
  readonly key: WrapKey | KemPrivateKey;
}

export interface CacheLimits {
  /** Of all segments together, as `SearchIndex` estimates them. */
  readonly maxBytes: number;
  readonly maxSegments: number;
}

/** A part of the heap that Node was given, so that the answers in work have room beside it. */
const shareOfHeap = 1 / 4;
const defaultCacheLimits: CacheLimits = {
  maxBytes: getHeapStatistics().heap_size_limit * shareOfHeap,
  maxSegments: 1_000,
};

/**
 * Opened segments, for as long as the leases of their keys last: a handle that was destroyed, by its lease's end, by an
 * erasure or with its bucket, takes its segment along. Beyond the limits the least recently used ones go.
 */
export class PassageCache {
  readonly #limits: CacheLimits;
  readonly #segments = new Map<string, OpenSegment>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #bytes = 0;

  constructor(limits: CacheLimits = defaultCacheLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#segments.size;
  }

  /** What was opened with the same handle; it is used now. */
  get(name: string, key: WrapKey | KemPrivateKey): OpenSegment | undefined {
    const segment = this.#segments.get(name);
    if (segment === undefined) return undefined;
    if (segment.key !== key || key.isDestroyed) {
      this.#drop(name);
      return undefined;
    }
    this.#segments.delete(name);
    this.#segments.set(name, segment);
    return segment;
  }

  /** False when it is too large to be kept: it can be searched all the same. */
  put(name: string, segment: OpenSegment): boolean {
    this.#forget(name);
    if (segment.key.isDestroyed || segment.index.bytes > this.#limits.maxBytes) return false;
    this.#segments.set(name, segment);
    this.#bytes += segment.index.bytes;
    for (const oldest of this.#segments.keys()) {
      if (this.#bytes <= this.#limits.maxBytes && this.#segments.size <= this.#limits.maxSegments) break;
      this.#forget(oldest);
    }
    return true;
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

  /** Empties what may not be read any more. */
  sweep(nowMs: number): void {
    for (const [name, { key, bucketEndMs }] of this.#segments) {
      if (key.isDestroyed || bucketEndMs <= nowMs) this.#drop(name);
    }
  }

  clear(): void {
    for (const name of [...this.#segments.keys()]) this.#drop(name);
  }

  /** Whoever searches it at this moment may finish. */
  #forget(name: string): void {
    const segment = this.#segments.get(name);
    if (segment === undefined) return;
    this.#segments.delete(name);
    this.#bytes = [...this.#segments.values()].reduce((sum, { index }) => sum + index.bytes, 0);
  }

  #drop(name: string): void {
    const index = this.#segments.get(name)?.index;
    this.#forget(name);
    index?.clear();
  }
}
