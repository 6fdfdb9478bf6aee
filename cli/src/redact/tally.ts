import type { EntityName, Span } from "@cloister/pii";

/** Counts what was found, and keeps no value. */
export class FindTally {
  readonly #counts = new Map<EntityName, number>();
  #texts = 0;
  #textsWithFinds = 0;

  add(spans: readonly Span[]): void {
    this.#texts++;
    if (spans.length > 0) this.#textsWithFinds++;
    for (const { type } of spans) this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
  }

  hasAny(types: readonly EntityName[]): boolean {
    return types.some((type) => this.#counts.has(type));
  }

  /** One line for each kind found, the most frequent first, and one for the texts. */
  report(): string {
    const counts = [...this.#counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
    const width = Math.max(0, ...counts.map(([, count]) => String(count).length));
    const lines = counts.map(([type, count]) => `${String(count).padStart(width)}  ${type}`);
    return `${[...lines, `found in ${this.#textsWithFinds} of ${this.#texts} texts`].join("\n")}\n`;
  }
}
