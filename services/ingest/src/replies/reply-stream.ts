import { keepAliveComment, replyEvent, retryAfter } from "./event-stream-format.ts";
import type { ConversationKey, Mailbox } from "./mailbox.ts";
import type { Waker } from "./waker.ts";

export interface ReplyStreamOptions {
  readonly mailbox: Mailbox;
  readonly waker: Waker;
  readonly conversation: ConversationKey;
  /** Offset of the last event that the reader has; -1 for none. */
  readonly afterOffset: number;
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

/** The text of one SSE response: what waits in the mailbox, then what arrives, until reader or service goes away. */
export async function* replyStream(options: ReplyStreamOptions): AsyncGenerator<string, void, void> {
  const { mailbox, conversation, closed, draining } = options;
  let { afterOffset } = options;
  yield retryAfter(options.reconnectMs);
  // Listening begins before the first look, so that nothing can arrive between the two.
  const wakes = options.waker.listen(conversation);
  const ended = AbortSignal.any([closed, draining]);
  const isEnded = (): boolean => ended.aborted;
  try {
    while (!isEnded()) {
      const events = await mailbox.readAfter(conversation, afterOffset, batchSize, options.nowMs());
      for (const { offset, event } of events) {
        yield replyEvent(offset, event);
        afterOffset = offset;
      }
      if (events.length > 0) continue;
      const isWoken = await wakes.next(options.keepAliveMs, ended);
      if (!isWoken && !isEnded()) yield keepAliveComment;
    }
    if (!closed.aborted) yield retryAfter(options.reconnectMs);
  } finally {
    wakes.stop();
  }
}
