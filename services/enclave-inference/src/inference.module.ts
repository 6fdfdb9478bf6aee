import { Module, type DynamicModule } from "@nestjs/common";
import { InferenceConsumer } from "./inference.consumer.ts";
import { InferencePipeline, type InferenceSteps } from "./inference.pipeline.ts";

/** Composition root. */
@Module({})
export class InferenceModule {
  static register(steps: InferenceSteps): DynamicModule {
    return {
      module: InferenceModule,
      controllers: [InferenceConsumer],
      providers: [{ provide: InferencePipeline, useFactory: () => new InferencePipeline(steps) }],
    };
  }
}
