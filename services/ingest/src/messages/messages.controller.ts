import { idToUuid } from "@cloister/envelope";
import { Body, Controller, HttpCode, Inject, Post } from "@nestjs/common";

import { NeedsScope } from "../http/access.guard.ts";
import { octetsType, requireBytes } from "../http/bodies.ts";
import { CallerOf, type Caller } from "../http/caller.ts";
import { IngestMetrics } from "../ingest.metrics.ts";
import { IngestPipeline } from "../ingest.pipeline.ts";

/** The door for sealed messages. */
@Controller("v1/messages")
export class MessagesController {
  readonly #pipeline: IngestPipeline;
  readonly #metrics: IngestMetrics;

  constructor(@Inject(IngestPipeline) pipeline: IngestPipeline, @Inject(IngestMetrics) metrics: IngestMetrics) {
    this.#pipeline = pipeline;
    this.#metrics = metrics;
  }

  /** A serialized envelope. 202 says: stored, on its way, and the same again will get the same answer. */
  @Post()
  @HttpCode(202)
  @NeedsScope("messages:send")
  async accept(@CallerOf() caller: Caller, @Body() body: unknown): Promise<{ messageId: string }> {
    const bytes = requireBytes(body, octetsType);
    const messageId = await this.#metrics.message(this.#pipeline.accept(caller, bytes));
    return { messageId: idToUuid(messageId) };
  }
}
