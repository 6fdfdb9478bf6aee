import { topics } from "@cloister/contracts/topics";
import type { ConsumedBatch } from "@cloister/messaging";
import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";
import { InferencePipeline, type InferenceResult } from "./inference.pipeline.ts";

@Controller()
export class InferenceConsumer {
  readonly #pipeline: InferencePipeline;

  constructor(@Inject(InferencePipeline) pipeline: InferencePipeline) {
    this.#pipeline = pipeline;
  }

  @EventPattern(topics.redacted)
  handle(@Payload() batch: ConsumedBatch): Promise<InferenceResult[]> {
    return this.#pipeline.run(batch);
  }
}
