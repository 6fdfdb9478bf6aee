import { Module, type DynamicModule } from "@nestjs/common";
import { Detectors } from "./detectors.ts";
import { ConversationStore } from "./map/conversation-store.ts";
import { RedactionConsumer } from "./redaction.consumer.ts";
import { RedactionPipeline } from "./redaction.pipeline.ts";
import type { RedactionPorts } from "./redaction.ports.ts";

/** Composition root. */
@Module({})
export class RedactionModule {
  static register({ db, keyring, clock }: RedactionPorts): DynamicModule {
    const store = new ConversationStore(db);
    const pipeline = new RedactionPipeline({ keyring, store, detectors: new Detectors(), clock });
    return {
      module: RedactionModule,
      controllers: [RedactionConsumer],
      providers: [{ provide: RedactionPipeline, useValue: pipeline }],
    };
  }
}
