import type { KemPrivateKey, WrapKey } from "@cloister/envelope";

/** What was opened with a key, and is in clear no longer than that key's handle lives. */
export interface KeyBound {
  /** What it was opened with: it is shown to nobody who doesn't hold this very handle. */
  readonly key: WrapKey | KemPrivateKey;
  readonly bucketEndMs: number;
}

export interface CacheLimits {
  /** Of all entries together, as they are estimated. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** How large an entry is when it is put, and what is done to one that may not be read any more. */
export interface EntryRules<Entry> {
  bytesOf(entry: Entry): number;
  empty?(entry: Entry): void;
}

/**
 * What was opened, for as long as the leases of its keys last: a handle that was destroyed, by its lease's end, by an
 * erasure or with its bucket, takes its entries along. Beyond the limits the least recently used ones go.
 */
export class KeyBoundCache<Entry extends KeyBound> {
  readonly #limits: CacheLimits;
  readonly #rules: EntryRules<Entry>;
  readonly #held = new Map<string, { readonly entry: Entry; readonly bytes: number }>();
  #bytes = 0;

  constructor(limits: CacheLimits, rules: EntryRules<Entry>) {
    this.#limits = limits;
    this.#rules = rules;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#held.size;
  }

  /** What was opened with the same handle, before its bucket's end; it is used now. */
  get(name: string, key: KeyBound["key"], nowMs: number): Entry | undefined {
    const held = this.#held.get(name);
    if (held === undefined) return undefined;
    if (held.entry.key !== key || !isReadable(held.entry, nowMs)) {
      this.#drop(name);
      return undefined;
    }
    this.#held.delete(name);
    this.#held.set(name, held);
    return held.entry;
  }

  /** False when it is too large to be kept, or its key is gone: it can be used all the same by who has it. */
  put(name: string, entry: Entry): boolean {
    this.#forget(name);
    const bytes = this.#rules.bytesOf(entry);
    if (entry.key.isDestroyed || bytes > this.#limits.maxBytes) return false;
    this.#held.set(name, { entry, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#limits.maxBytes && this.#held.size <= this.#limits.maxEntries) break;
      this.#forget(oldest);
    }
    return true;
  }

  /** Empties what may not be read any more. */
  sweep(nowMs: number): void {
    for (const [name, { entry }] of this.#held) {
      if (!isReadable(entry, nowMs)) this.#drop(name);
    }
  }

  clear(): void {
    for (const name of [...this.#held.keys()]) this.#drop(name);
  }

  /** Whoever uses it at this moment may finish. */
  #forget(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    this.#held.delete(name);
    this.#bytes -= held.bytes;
  }

  #drop(name: string): void {
    const held = this.#held.get(name);
    this.#forget(name);
    if (held !== undefined) this.#rules.empty?.(held.entry);
  }
}

function isReadable({ key, bucketEndMs }: KeyBound, nowMs: number): boolean {
  return !key.isDestroyed && nowMs < bucketEndMs;
}
