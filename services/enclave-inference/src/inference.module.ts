import { Module, type DynamicModule } from "@nestjs/common";
import { InferenceConsumer } from "./inference.consumer.ts";
import { InferencePipeline, type InferencePipelinePorts } from "./inference.pipeline.ts";

/** Composition root. */
@Module({})
export class InferenceModule {
  static register(ports: InferencePipelinePorts): DynamicModule {
    return {
      module: InferenceModule,
      controllers: [InferenceConsumer],
      providers: [{ provide: InferencePipeline, useFactory: () => new InferencePipeline(ports) }],
    };
  }
}
