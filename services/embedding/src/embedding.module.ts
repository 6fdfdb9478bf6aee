import { Module, type DynamicModule } from "@nestjs/common";
import { EmbeddingConsumer } from "./embedding.consumer.ts";
import { EmbeddingPipeline, type EmbeddingSteps } from "./embedding.pipeline.ts";

/** Composition root. */
@Module({})
export class EmbeddingModule {
  static register(steps: EmbeddingSteps): DynamicModule {
    return {
      module: EmbeddingModule,
      controllers: [EmbeddingConsumer],
      providers: [{ provide: EmbeddingPipeline, useFactory: () => new EmbeddingPipeline(steps) }],
    };
  }
}
