import { createParser } from "eventsource-parser";

import { ClientError } from "./errors.ts";
import type { HttpDoor } from "./http-door.ts";
import { pause, sleep, type RetryPolicy } from "./retry.ts";

/** One event of ingest's mailbox, still unverified. */
export interface MailboxEvent {
  readonly kind: "mailbox";
  readonly eventId: string;
  /** Base64 of a serialized ReplyEvent. */
  readonly data: string;
}

/** One event of a running answer, still unverified. It is never sent again. */
export interface LiveStreamEvent {
  readonly kind: "live";
  /** Base64 of a serialized LiveEvent. */
  readonly data: string;
}

export type StreamEvent = MailboxEvent | LiveStreamEvent;

export interface EventStreamOptions {
  readonly door: HttpDoor;
  readonly path: string;
  /** Whether to ask for running answers, too. */
  readonly live: boolean;
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly retry: RetryPolicy;
}

/**
 * The events of one mailbox, in order, and of running answers between them, for as long as the caller reads: a connection that ends or breaks is opened
 * again after the last event that was handed out (WHATWG HTML section 9.2, Last-Event-ID). A 4xx refusal ends it.
 * @throws ClientError REFUSED, ABORTED
 */
export async function* readEventStream(options: EventStreamOptions): AsyncGenerator<StreamEvent, void, void> {
  let { lastEventId } = options;
  let failedAttempts = 0;
  for (;;) {
    const connection = new Connection(options, lastEventId);
    try {
      for await (const event of connection.events()) {
        failedAttempts = 0;
        if (event.kind === "mailbox") lastEventId = event.eventId;
        yield event;
      }
      await sleep(connection.reconnectMs, options.signal);
    } catch (error) {
      if (!(error instanceof ClientError) || !error.retryable) throw error;
      failedAttempts += 1;
      await pause(options.retry, failedAttempts, { signal: options.signal, askedMs: error.retryAfterMs });
    }
  }
}

/** A record of the log has at most 1 MiB, a third more as base64. */
const maxEventCharacters = 2 * 1024 * 1024;

class Connection {
  readonly #options: EventStreamOptions;
  readonly #lastEventId: string | undefined;
  #isTooLarge = false;
  reconnectMs = 100;

  constructor(options: EventStreamOptions, lastEventId: string | undefined) {
    this.#options = options;
    this.#lastEventId = lastEventId;
  }

  async *events(): AsyncGenerator<StreamEvent, void, void> {
    const { door, path, live, signal } = this.#options;
    const body = await door.openEventStream(live ? path : `${path}?live=false`, this.#lastEventId, signal);
    const reader = body.getReader();
    const text = new TextDecoder();
    const arrived: StreamEvent[] = [];
    const parser = createParser({
      maxBufferSize: maxEventCharacters,
      onError: ({ type }) => {
        this.#isTooLarge ||= type === "max-buffer-size-exceeded";
      },
      onEvent: ({ id, event, data }) => {
        if (event === "reply" && id !== undefined) arrived.push({ kind: "mailbox", eventId: id, data });
        if (event === "live") arrived.push({ kind: "live", data });
      },
      onRetry: (milliseconds) => {
        this.reconnectMs = milliseconds;
      },
    });
    try {
      for (;;) {
        const chunk = await readChunk(reader, signal);
        if (chunk === undefined) return;
        parser.feed(text.decode(chunk, { stream: true }));
        yield* arrived.splice(0);
        if (this.#isTooLarge) throw new ClientError("ANSWER_MALFORMED", "An event is larger than any event can be.");
      }
    } finally {
      // The reader may be gone already; the connection is closed either way.
      await reader.cancel().catch(() => undefined);
    }
  }
}

async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch (cause) {
    if (signal?.aborted) throw new ClientError("ABORTED", "The caller stopped reading.", { cause });
    throw new ClientError("UNREACHABLE", "The stream of replies broke off.", { retryable: true, cause });
  }
}
