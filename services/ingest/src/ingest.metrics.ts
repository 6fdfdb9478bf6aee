import { codeOf, type ServiceMetrics } from "@cloister/service";

/** What is counted at the doors. Labels hold codes, never a tenant, a conversation or a message. */
export class IngestMetrics {
  readonly #messages;
  readonly #streams;

  constructor(metrics: ServiceMetrics) {
    this.#messages = metrics.counter("messages", "Messages by outcome: accepted, or the code of the refusal", [
      "outcome",
    ]);
    this.#streams = metrics.gauge("reply_streams", "count", "Readers that are connected");
  }

  /** Counts how it ends. */
  async message<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.#messages.inc({ outcome: "accepted" });
      return result;
    } catch (error) {
      this.#messages.inc({ outcome: codeOf(error) });
      throw error;
    }
  }

  streamOpened(): void {
    this.#streams.inc();
  }

  streamClosed(): void {
    this.#streams.dec();
  }
}
