import { topics } from "@cloister/contracts/topics";
import type { ConsumedBatch } from "@cloister/messaging";
import { Controller, Inject } from "@nestjs/common";
import { EventPattern, Payload } from "@nestjs/microservices";
import { EmbeddingPipeline, type EmbeddingResult } from "./embedding.pipeline.ts";

@Controller()
export class EmbeddingConsumer {
  readonly #pipeline: EmbeddingPipeline;

  constructor(@Inject(EmbeddingPipeline) pipeline: EmbeddingPipeline) {
    this.#pipeline = pipeline;
  }

  @EventPattern(topics.redacted)
  handle(@Payload() batch: ConsumedBatch): Promise<EmbeddingResult[]> {
    return this.#pipeline.run(batch);
  }
}
