import { fromBinary } from "@bufbuild/protobuf";
import { LiveEventSchema, type LiveEvent, type LiveOpening } from "@cloister/contracts/events";
import { derivedId, EnvelopeError, idToHex, parseFrame, Stage } from "@cloister/envelope";

import type { LiveStopped, LiveText } from "./conversation-event.ts";
import { base64ToBytes, sameBytes } from "./encoding.ts";
import { ClientError } from "./errors.ts";
import { openLive, RefusedEvent } from "./incoming.ts";
import { LiveView } from "./live-view.ts";
import type { ReaderParts } from "./mailbox-reader.ts";
import { underNewestChain } from "./under-newest-chain.ts";

/** Cells of the answer before may still come when the next one begins; more at once is somebody's mischief. */
const mostViews = 4;
const mostKnownStreams = 256;

/**
 * Turns live events, which nobody vouches for, into what a reader may see of running answers. Whatever is wrong with them
 * ends that view, and never the conversation: the reply stands alone.
 */
export class LiveReader {
  readonly #parts: ReaderParts;
  /** By stream_id. */
  readonly #views = new Map<string, LiveView>();
  /** Streams that were begun, so that a recording of one is not shown again. */
  readonly #known = new Set<string>();

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** Undefined for what brings nothing to show, and for cells of a stream whose beginning was not seen. Never throws. */
  async read(data: string): Promise<LiveText | LiveStopped | undefined> {
    try {
      const event = parseLiveEvent(data);
      switch (event.case) {
        case "opening":
          await this.#begin(event.value);
          return undefined;
        case "frame":
          return this.#take(event.value);
        case undefined:
          // An event that a newer version knows.
          return undefined;
      }
    } catch (error) {
      return { kind: "live-stopped", code: codeOf(error) };
    }
  }

  /** Its reply, or that there is none, was read: nothing more is shown of it. */
  answered(causeId: Uint8Array): void {
    for (const [streamId, view] of this.#views) {
      if (sameBytes(view.causeId, causeId)) this.#close(streamId, view);
    }
  }

  close(): void {
    for (const [streamId, view] of this.#views) this.#close(streamId, view);
  }

  async #begin(opening: LiveOpening): Promise<void> {
    const { header, stream } = await underNewestChain(this.#parts, (context) => openLive(opening, context));
    const streamId = idToHex(header.messageId);
    const isAnswered = this.#parts.seenReplies.has(idToHex(derivedId(header.causeId, Stage.REPLY, 0)));
    if (this.#known.has(streamId) || isAnswered) {
      stream.destroy();
      return;
    }
    this.#know(streamId);
    // A new attempt at the same answer begins with nothing.
    this.answered(header.causeId);
    this.#views.set(streamId, new LiveView(header.causeId, stream, this.#parts.placeholders));
    const [oldest] = this.#views;
    if (oldest !== undefined && this.#views.size > mostViews) this.#close(oldest[0], oldest[1]);
  }

  #take(frame: Uint8Array): LiveText | LiveStopped | undefined {
    const streamId = idToHex(parseFrame(frame).streamId);
    const view = this.#views.get(streamId);
    if (view === undefined) return undefined;
    try {
      const shown = view.take(frame, this.#parts.context.clock.nowMs());
      if (view.isEnded) this.#close(streamId, view);
      return shown;
    } catch (error) {
      this.#close(streamId, view);
      return { kind: "live-stopped", causeId: view.causeId, code: codeOf(error) };
    }
  }

  #know(streamId: string): void {
    this.#known.add(streamId);
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size > mostKnownStreams) this.#known.delete(oldest);
  }

  #close(streamId: string, view: LiveView): void {
    this.#views.delete(streamId);
    view.close();
  }
}

function parseLiveEvent(data: string): LiveEvent["event"] {
  const bytes = base64ToBytes(data);
  if (bytes === undefined) throw new RefusedEvent("MALFORMED");
  try {
    return fromBinary(LiveEventSchema, bytes).event;
  } catch (cause) {
    throw new RefusedEvent("MALFORMED", cause);
  }
}

function codeOf(error: unknown): string {
  const hasCode = error instanceof RefusedEvent || error instanceof EnvelopeError || error instanceof ClientError;
  return hasCode ? error.code : "MALFORMED";
}
