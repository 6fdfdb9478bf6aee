import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";
import { topics } from "@cloister/contracts/topics";
import type { ConsumedBatch, RecordResult } from "@cloister/messaging";
import type { RedactionWrite } from "./map/conversation-store.ts";
import { RedactionPipeline } from "./redaction.pipeline.ts";
import type { RedactionTables } from "./tables.ts";

@Controller()
export class RedactionConsumer {
  readonly #pipeline: RedactionPipeline;

  constructor(@Inject(RedactionPipeline) pipeline: RedactionPipeline) {
    this.#pipeline = pipeline;
  }

  @EventPattern(topics.inbound)
  handle(@Payload() batch: ConsumedBatch): Promise<RecordResult<RedactionTables, RedactionWrite>[]> {
    return this.#pipeline.run(batch);
  }
}
