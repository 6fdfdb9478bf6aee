const remembered = 1_024;

/**
 * The message ids of replies that were shown, each with the event that brought it. A reply comes twice when a service
 * did its work again, or when somebody replays it: then under another event id.
 */
export class SeenReplies {
  readonly #events: Map<string, string>;

  constructor(events: Iterable<readonly [messageIdHex: string, eventId: string]> = []) {
    this.#events = new Map(events);
  }

  /** True when another event brought this reply before. Reading the same event again is no repetition. */
  isRepetition(messageIdHex: string, eventId: string): boolean {
    const known = this.#events.get(messageIdHex);
    if (known !== undefined) return known !== eventId;
    this.#events.set(messageIdHex, eventId);
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= remembered) break;
      this.#events.delete(oldest);
    }
    return false;
  }

  has(messageIdHex: string): boolean {
    return this.#events.has(messageIdHex);
  }

  entries(): [messageIdHex: string, eventId: string][] {
    return [...this.#events];
  }
}
