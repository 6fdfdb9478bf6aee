import { fromBinary } from "@bufbuild/protobuf";
import { ReplyEventSchema } from "@cloister/contracts/events";
import { createParser } from "eventsource-parser";

export interface ReadEvent {
  readonly event: string | undefined;
  readonly id: string | undefined;
  /** The code of a status; the bytes as text for a live event. */
  readonly data: string;
}

/** One connection of a reader without the SDK. */
export class EventStreamReader {
  readonly events: ReadEvent[] = [];
  readonly comments: string[] = [];
  readonly retries: number[] = [];
  readonly #leave = new AbortController();
  readonly #reading: Promise<void>;
  #notify: () => void = () => undefined;

  constructor(request: (signal: AbortSignal) => Promise<Response>) {
    this.#reading = this.#read(request).catch((error: unknown) => {
      if (!this.#leave.signal.aborted) throw error;
    });
  }

  /** Resolves when that many events came, or nothing more will come. */
  async have(count: number): Promise<readonly ReadEvent[]> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
      this.#notify();
    };
    this.#reading.then(over, over);
    const isDone = (): boolean => isOver || this.events.length >= count;
    while (!isDone()) await new Promise<void>((resolve) => (this.#notify = resolve));
    return this.events;
  }

  /** Resolves when the service has ended the stream. */
  ended(): Promise<void> {
    return this.#reading;
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#reading;
  }

  async #read(request: (signal: AbortSignal) => Promise<Response>): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, id, data }) => this.events.push({ event, id, data: readable(event, data) }),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (milliseconds) => this.retries.push(milliseconds),
    });
    const response = await request(this.#leave.signal);
    const text = new TextDecoder();
    const body: ReadableStream<Uint8Array> | null = response.body;
    for await (const chunk of body ?? []) {
      parser.feed(text.decode(chunk, { stream: true }));
      this.#notify();
    }
  }
}

function readable(event: string | undefined, data: string): string {
  const bytes = Buffer.from(data, "base64");
  if (event !== "reply") return bytes.toString();
  const { event: one } = fromBinary(ReplyEventSchema, bytes);
  return one.case === "failed" ? one.value.code : "sealed";
}
