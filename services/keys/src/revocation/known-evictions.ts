import { idToHex } from "@cloister/envelope";
import type { Eviction } from "./revocations.ts";

const MAX_KNOWN = 10_000;

/** What came of erasures here, for their receipts; the oldest are given up first. */
export class KnownEvictions {
  readonly #byTombstone = new Map<string, Eviction>();

  /** That of an erasure which is asked for again is the first one: nobody holds anything by then. */
  note(tombstoneId: Uint8Array, eviction: Eviction): void {
    const id = idToHex(tombstoneId);
    if (this.#byTombstone.has(id)) return;
    this.#byTombstone.set(id, eviction);
    const [oldest] = this.#byTombstone.keys();
    if (this.#byTombstone.size > MAX_KNOWN && oldest !== undefined) this.#byTombstone.delete(oldest);
  }

  of(tombstoneId: Uint8Array): Eviction | undefined {
    return this.#byTombstone.get(idToHex(tombstoneId));
  }
}
