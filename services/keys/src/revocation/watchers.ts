import { PassThrough } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { WatchRevocationsResponseSchema, type WatchRevocationsResponse } from "@cloister/contracts/keys/release";
import { idToHex } from "@cloister/envelope";
import type { AttestedSession } from "../release/sessions.ts";

/** An instance that takes no more is cut off: it drops all that it has when it comes back. */
const MAX_WAITING = 1_024;
/** More than a session lasts, and no more than a timer can wait for, whatever becomes of the clock. */
const MAX_LASTING_MS = 60 * 60_000;

/** The open streams, one for each session at most. */
export class Watchers {
  readonly #streams = new Map<string, PassThrough>();

  /** Session ids of instances that would hear of a revocation now, in hexadecimal. */
  get listening(): readonly string[] {
    return [...this.#streams.keys()];
  }

  /** The answers of one stream, from the empty one on, until the signal or the session's end. */
  open({ sessionId }: AttestedSession, lastsMs: number, signal: AbortSignal): AsyncIterable<WatchRevocationsResponse> {
    const name = idToHex(sessionId);
    this.#streams.get(name)?.end();
    const stream = new PassThrough({ objectMode: true, highWaterMark: MAX_WAITING });
    this.#streams.set(name, stream);
    stream.write(create(WatchRevocationsResponseSchema));
    return this.#answers(name, stream, lastsMs, signal);
  }

  send(revocation: WatchRevocationsResponse): void {
    for (const stream of this.#streams.values()) {
      if (!stream.writableEnded && !stream.write(revocation)) stream.end();
    }
  }

  /** Ends all streams: their instances ask somebody else, or this one again. */
  close(): void {
    for (const stream of this.#streams.values()) stream.end();
  }

  async *#answers(
    name: string,
    stream: PassThrough,
    lastsMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<WatchRevocationsResponse> {
    const end = (): void => void stream.end();
    const atEnd = setTimeout(end, Math.min(Math.max(lastsMs, 1), MAX_LASTING_MS)).unref();
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    try {
      // Nothing else is ever written to it.
      for await (const answer of stream as AsyncIterable<WatchRevocationsResponse>) yield answer;
    } finally {
      clearTimeout(atEnd);
      signal.removeEventListener("abort", end);
      if (this.#streams.get(name) === stream) this.#streams.delete(name);
    }
  }
}
