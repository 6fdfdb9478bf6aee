import type { MessageId, StreamOpener } from "@cloister/envelope";

import type { LiveText } from "./conversation-event.ts";
import type { PlaceholderMap } from "./placeholder-map.ts";

/** One attempt at an answer as it comes: opens its cells and puts values back, across the borders of cells, too. */
export class LiveView {
  readonly causeId: MessageId;
  readonly #stream: StreamOpener;
  readonly #placeholders: PlaceholderMap;
  readonly #utf8 = new TextDecoder();
  /** What may be the beginning of a placeholder. */
  #undecided = "";
  #textSoFar = "";
  #cells = 0;

  constructor(causeId: MessageId, stream: StreamOpener, placeholders: PlaceholderMap) {
    this.causeId = causeId;
    this.#stream = stream;
    this.#placeholders = placeholders;
  }

  get isEnded(): boolean {
    return this.#stream.isEnded;
  }

  /** Undefined for a cell that brings nothing to show. @throws EnvelopeError for anything but the next genuine cell */
  take(frame: Uint8Array, nowMs: number): LiveText | undefined {
    const { text: bytes, isFinal } = this.#stream.open(frame);
    this.#cells += 1;
    // Made anew: an entry may have come since the cell before.
    const restorer = this.#placeholders.restorer(nowMs);
    const settled = restorer.push(this.#undecided + this.#utf8.decode(bytes, { stream: !isFinal }));
    this.#undecided = restorer.end();
    const text = isFinal ? settled + this.#undecided : settled;
    if (text === "") return undefined;
    this.#textSoFar += text;
    const { causeId } = this;
    return { kind: "live", causeId, text, textSoFar: this.#textSoFar, cells: this.#cells, cellBytes: frame.length };
  }

  /** Forgets its key. */
  close(): void {
    this.#stream.destroy();
  }
}
