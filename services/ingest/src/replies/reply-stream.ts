import { keepAliveComment, liveEvent, replyEvent, retryAfter } from "./event-stream-format.ts";
import type { ConversationKey, Mailbox } from "./mailbox.ts";
import type { Waker } from "./waker.ts";

export interface ReplyStreamOptions {
  readonly mailbox: Mailbox;
  readonly waker: Waker;
  readonly conversation: ConversationKey;
  /** Offset of the last event that the reader has; -1 for none. */
  readonly afterOffset: number;
  /** Whether the reader wants to watch running answers. */
  readonly live: boolean;
  readonly nowMs: () => number;
  /** The longest silence: then a comment is sent and the mailbox is looked at again, whether woken or not. */
  readonly keepAliveMs: number;
  /** How long a reader waits before it connects again. */
  readonly reconnectMs: number;
  /** The reader went away. */
  readonly closed: AbortSignal;
  /** This instance stops: the reader is told to come back, elsewhere. */
  readonly draining: AbortSignal;
}

const batchSize = 64;

/**
 * The text of one SSE response: what waits in the mailbox, then what arrives there, and between that the events of running
 * answers, until reader or service goes away.
 */
export async function* replyStream(options: ReplyStreamOptions): AsyncGenerator<string, void, void> {
  const { closed, draining, keepAliveMs, live } = options;
  yield retryAfter(options.reconnectMs);
  // Listening begins before the first look, so that nothing can arrive between the two.
  const listening = options.waker.listen(options.conversation, { keepAliveMs, live });
  const ended = AbortSignal.any([closed, draining]);
  let { afterOffset } = options;
  try {
    for (;;) {
      const arrival = await listening.arrivals.next(ended);
      if (arrival === undefined) break;
      if (arrival.kind === "live") {
        yield liveEvent(arrival.event);
        continue;
      }
      if (arrival.kind === "silence") yield keepAliveComment;
      for await (const { offset, event } of mailAfter(afterOffset, options, ended)) {
        yield replyEvent(offset, event);
        afterOffset = offset;
      }
    }
    if (!closed.aborted) yield retryAfter(options.reconnectMs);
  } finally {
    listening.stop();
  }
}

/** What lies in the mailbox after that offset, in order. */
async function* mailAfter(afterOffset: number, options: ReplyStreamOptions, ended: AbortSignal) {
  const { mailbox, conversation, nowMs } = options;
  let lastOffset = afterOffset;
  while (!ended.aborted) {
    const events = await mailbox.readAfter(conversation, lastOffset, batchSize, nowMs());
    yield* events;
    lastOffset = events.at(-1)?.offset ?? lastOffset;
    if (events.length < batchSize) return;
  }
}
