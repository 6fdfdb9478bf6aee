import { idToUuid } from "@cloister/envelope";
import { Body, Controller, HttpCode, Inject, Post } from "@nestjs/common";

import { octetsType, requireBytes } from "../http/bodies.ts";
import { CallerOf, type Caller } from "../http/caller.ts";
import { IngestPipeline } from "../ingest.pipeline.ts";

/** The door for sealed messages. */
@Controller("v1/messages")
export class MessagesController {
  readonly #pipeline: IngestPipeline;

  constructor(@Inject(IngestPipeline) pipeline: IngestPipeline) {
    this.#pipeline = pipeline;
  }

  /** A serialized envelope. 202 says: stored, on its way, and the same again will get the same answer. */
  @Post()
  @HttpCode(202)
  async accept(@CallerOf() caller: Caller, @Body() body: unknown): Promise<{ messageId: string }> {
    const messageId = await this.#pipeline.accept(caller, requireBytes(body, octetsType));
    return { messageId: idToUuid(messageId) };
  }
}
