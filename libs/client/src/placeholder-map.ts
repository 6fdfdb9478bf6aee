import type { MapDelta } from "@cloister/contracts/content";
import { reidentify, StreamReidentifier, type MapEntry } from "@cloister/pii/placeholders";

/** What the placeholders of one conversation stand for, as far as this reader was told. Personal data: never log it. */
export class PlaceholderMap {
  readonly #entries = new Map<string, MapEntry>();

  constructor(entries: Iterable<MapEntry> = []) {
    for (const entry of entries) this.#entries.set(entry.placeholder, entry);
  }

  /**
   * Only for deltas of this conversation whose signer was verified. False, and nothing is added, when a placeholder
   * stands for something else already: redaction never uses a number again unless somebody set its tables back.
   */
  add(delta: MapDelta, nowMs: number): boolean {
    this.#forgetExpired(nowMs);
    const isReused = ({ placeholder, value }: MapDelta["entries"][number]): boolean =>
      (this.#entries.get(placeholder)?.value ?? value) !== value;
    if (delta.entries.some(isReused)) return false;
    for (const { placeholder, entityType, value, expiresAtMs } of delta.entries) {
      this.#entries.set(placeholder, { placeholder, type: entityType, value, expiresAtMs: Number(expiresAtMs) });
    }
    return true;
  }

  /** The text with every known placeholder's value put back; an unknown one stays as it is. */
  restore(text: string, nowMs: number): string {
    return reidentify(text, this.entries(nowMs));
  }

  /** The same for text that arrives in pieces, where a border may cut a placeholder in two. */
  restorer(nowMs: number): StreamReidentifier {
    return new StreamReidentifier(this.entries(nowMs));
  }

  /** The entries whose life is not over; the others are forgotten. */
  entries(nowMs: number): MapEntry[] {
    this.#forgetExpired(nowMs);
    return [...this.#entries.values()];
  }

  #forgetExpired(nowMs: number): void {
    for (const [placeholder, { expiresAtMs }] of this.#entries) {
      if (expiresAtMs <= nowMs) this.#entries.delete(placeholder);
    }
  }
}
