import { PassThrough } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { WatchRevocationsResponseSchema, type WatchRevocationsResponse } from "@cloister/contracts/keys/release";
import { idToHex } from "@cloister/envelope";
import type { AttestedSession } from "../release/sessions.ts";

/** An instance that takes no more is cut off: it drops all that it has when it comes back. */
const MAX_WAITING = 1_024;
/** More than a session lasts, and no more than a timer can wait for, whatever becomes of the clock. */
const MAX_LASTING_MS = 60 * 60_000;

interface Watch {
  readonly instance: string;
  readonly stream: PassThrough;
  readonly end: () => void;
}

/** The open streams, one for each session at most. */
export class Watchers {
  /** By session id in hexadecimal. */
  readonly #watches = new Map<string, Watch>();

  /** Instances, by `instanceOf`, that would hear of a revocation now. */
  get listening(): ReadonlySet<string> {
    return new Set([...this.#watches.values()].map(({ instance }) => instance));
  }

  /**
   * The answers of one stream, from the empty one on, until the signal or the session's end: then it is forgotten, also
   * where nobody ever takes an answer.
   */
  open(session: AttestedSession, lastsMs: number, signal: AbortSignal): AsyncIterable<WatchRevocationsResponse> {
    const name = idToHex(session.sessionId);
    this.#watches.get(name)?.end();
    const stream = new PassThrough({ objectMode: true, highWaterMark: MAX_WAITING });
    const end = (): void => {
      clearTimeout(atEnd);
      signal.removeEventListener("abort", end);
      if (this.#watches.get(name)?.stream === stream) this.#watches.delete(name);
      stream.end();
    };
    const atEnd = setTimeout(end, Math.min(Math.max(lastsMs, 1), MAX_LASTING_MS)).unref();
    this.#watches.set(name, { instance: instanceOf(session), stream, end });
    stream.write(create(WatchRevocationsResponseSchema));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    return answers(stream, end);
  }

  send(revocation: WatchRevocationsResponse): void {
    for (const { stream, end } of this.#watches.values()) if (!stream.write(revocation)) end();
  }

  /** Ends all streams: their instances ask somebody else, or this one again. */
  close(): void {
    for (const { end } of this.#watches.values()) end();
  }
}

/** An instance, whichever of its sessions speaks: by the key that its evidence binds. */
export function instanceOf({ evidence }: Pick<AttestedSession, "evidence">): string {
  return Buffer.from(evidence.signingPublicKey).toString("hex");
}

async function* answers(stream: PassThrough, end: () => void): AsyncGenerator<WatchRevocationsResponse> {
  try {
    // Nothing else is ever written to it.
    for await (const answer of stream as AsyncIterable<WatchRevocationsResponse>) yield answer;
  } finally {
    end();
  }
}
