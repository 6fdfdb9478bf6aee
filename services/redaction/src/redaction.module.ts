import { Module, type DynamicModule } from "@nestjs/common";
import { Boundaries } from "./boundaries.ts";
import { Detectors } from "./detectors.ts";
import { ConversationStore } from "./map/conversation-store.ts";
import { RedactionConsumer } from "./redaction.consumer.ts";
import { RedactionPipeline } from "./redaction.pipeline.ts";
import { Redactor } from "./text-work/redactor.ts";
import type { TextThread } from "./text-work/text-thread.ts";
import type { RedactionConfig, RedactionPorts } from "./redaction.ports.ts";

/** Composition root. */
@Module({})
export class RedactionModule {
  static register(
    { region }: RedactionConfig,
    { db, keyring, clock }: RedactionPorts,
    thread: TextThread,
  ): DynamicModule {
    const pipeline = new RedactionPipeline({
      keyring,
      store: new ConversationStore(db),
      redactor: new Redactor(new Detectors(), thread),
      boundaries: new Boundaries(),
      clock,
      ...(region && { region }),
    });
    return {
      module: RedactionModule,
      controllers: [RedactionConsumer],
      providers: [{ provide: RedactionPipeline, useValue: pipeline }],
    };
  }
}
