import { topics } from "@cloister/contracts/topics";
import type { ConsumedBatch } from "@cloister/messaging";
import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";
import { InferencePipeline } from "./inference.pipeline.ts";

@Controller()
export class InferenceConsumer {
  readonly #pipeline: InferencePipeline;

  constructor(@Inject(InferencePipeline) pipeline: InferencePipeline) {
    this.#pipeline = pipeline;
  }

  @EventPattern(topics.redacted)
  handle(@Payload() batch: ConsumedBatch): ReturnType<InferencePipeline["run"]> {
    return this.#pipeline.run(batch);
  }
}
