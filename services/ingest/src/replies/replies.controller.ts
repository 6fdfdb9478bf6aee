import { Controller, Get, Headers, Inject, Param, Query, Res, type OnModuleDestroy } from "@nestjs/common";
import type { Clock } from "@cloister/service";
import type { FastifyReply } from "fastify";
import { z } from "zod";

import { AnswersAsStream, NeedsScope } from "../http/access.guard.ts";
import { CallerOf, tenantOf, type Caller } from "../http/caller.ts";
import { readConversationId } from "../http/conversation-id.ts";
import { IngestMetrics } from "../ingest.metrics.ts";
import { CLOCK, SETTINGS, type IngestSettings } from "../ingest.ports.ts";
import { problem } from "../ingest.problems.ts";
import { MAILBOX, type Mailbox } from "./mailbox.ts";
import { replyStream } from "./reply-stream.ts";
import { sendEventStream } from "./send-event-stream.ts";
import { Waker } from "./waker.ts";

/** The id of an event of the mailbox, as Last-Event-ID repeats it; empty for none. */
export const lastEventIdText = z.string().regex(/^\d{0,15}$/u);
/** The query parameter `live`. */
export const liveText = z.enum(["true", "false"]);

/** The durable stream of a conversation's replies as server-sent events, and running answers between them. */
@Controller("v1/conversations")
export class RepliesController implements OnModuleDestroy {
  readonly #mailbox: Mailbox;
  readonly #waker: Waker;
  readonly #clock: Clock;
  readonly #settings: IngestSettings;
  readonly #metrics: IngestMetrics;
  readonly #draining = new AbortController();

  constructor(
    @Inject(MAILBOX) mailbox: Mailbox,
    @Inject(Waker) waker: Waker,
    @Inject(CLOCK) clock: Clock,
    @Inject(SETTINGS) settings: IngestSettings,
    @Inject(IngestMetrics) metrics: IngestMetrics,
  ) {
    this.#mailbox = mailbox;
    this.#waker = waker;
    this.#clock = clock;
    this.#settings = settings;
    this.#metrics = metrics;
  }

  /**
   * Last-Event-ID, the `id` of the last event that was read, resumes after it; without it the mailbox is read whole. Events
   * of running answers have no id and are never sent again; `live=false` does without them.
   */
  @Get(":id/replies")
  @NeedsScope("replies:read")
  @AnswersAsStream(true)
  read(
    @CallerOf() caller: Caller,
    @Param("id") id: string,
    @Headers("last-event-id") lastEventId: string | undefined,
    @Query("live") live: string | undefined,
    @Res() reply: FastifyReply,
  ): void {
    const conversation = { tenantId: tenantOf(caller), conversationId: readConversationId(id) };
    const afterOffset = readLastEventId(lastEventId);
    const isLive = readLive(live);
    if (this.#draining.signal.aborted) throw problem("DRAINING", "This instance is stopping. Connect again.");
    const stream = replyStream({
      mailbox: this.#mailbox,
      waker: this.#waker,
      conversation,
      afterOffset,
      live: isLive,
      nowMs: () => this.#clock.nowMs(),
      keepAliveMs: this.#settings.keepAliveMs,
      reconnectMs: this.#settings.reconnectMs,
      closed: this.#closeOf(reply),
      draining: this.#draining.signal,
    });
    sendEventStream(reply, stream);
  }

  #closeOf(reply: FastifyReply): AbortSignal {
    const closed = new AbortController();
    if (reply.raw.destroyed) {
      closed.abort();
      return closed.signal;
    }
    this.#metrics.streamOpened();
    reply.raw.once("close", () => {
      this.#metrics.streamClosed();
      closed.abort();
    });
    return closed.signal;
  }

  /** Ends each stream with a `retry:`, before the HTTP server waits for its connections to end. */
  onModuleDestroy(): void {
    this.#draining.abort();
  }
}

function readLastEventId(header: string | undefined): number {
  if (header === undefined || header === "") return -1;
  if (lastEventIdText.safeParse(header).success) return Number(header);
  throw problem("MALFORMED", "Last-Event-ID is the id of an event of this stream.");
}

function readLive(parameter: string | undefined): boolean {
  const live = liveText.default("true").safeParse(parameter);
  if (live.success) return live.data === "true";
  throw problem("MALFORMED", "The parameter live is true or false.");
}
