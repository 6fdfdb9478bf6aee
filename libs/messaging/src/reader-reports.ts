import { idToHex } from "@cloister/envelope";
import type { Audit, Log } from "@cloister/service";
import type { ConsumerDefinition } from "./consumer.ts";
import type { LogRecord, OutgoingRecord } from "./message-log.ts";
import type { Outcome, Reports } from "./outcome.ts";
import type { ConsumedRecord, Failure, RecordIdentity } from "./record-result.ts";

/** What a consumer's readers are told of records that failed or wait. */
export class ReaderReports implements Reports {
  readonly #definition: ConsumerDefinition;
  readonly #log: Log;
  readonly #audit: Audit;
  readonly #isDrainingParked: boolean;

  /** Of a record that is taken up from the parking lot its reader knows already that it waits. */
  constructor(definition: ConsumerDefinition, { log, audit }: { log: Log; audit: Audit }, isDrainingParked: boolean) {
    this.#definition = definition;
    this.#log = log;
    this.#audit = audit;
    this.#isDrainingParked = isDrainingParked;
  }

  dead(record: LogRecord, failure: Failure, identity?: RecordIdentity): Outcome {
    const { topic, partition, offset } = record;
    const ids = identity && {
      tenantId: idToHex(identity.tenantId),
      conversationId: idToHex(identity.conversationId),
      messageId: idToHex(identity.messageId),
    };
    this.#audit.refused({ at: this.#definition.name, code: failure.code, topic, partition, offset, ...ids });
    const outputs = this.#told(() => this.#definition.onDeadLetter(record, failure, identity));
    return { kind: "dead", record, identity, failure, outputs };
  }

  parked(consumed: ConsumedRecord, code: string): Outcome {
    const { record, identity } = consumed;
    const outputs = this.#isDrainingParked
      ? []
      : this.#told(() => this.#definition.onParked?.(record, code, identity) ?? []);
    return { kind: "parked", consumed, code, outputs };
  }

  #told(tell: () => readonly OutgoingRecord[]): readonly OutgoingRecord[] {
    try {
      return tell();
    } catch (error) {
      // A letter that nobody can be told of is still kept.
      this.#log.error("a reader could not be told of a record", { consumer: this.#definition.name, error });
      return [];
    }
  }
}
