import { codeOf, type ServiceMetrics } from "@cloister/service";

/** Why a client's connection was closed on it. */
export type CutReason =
  "too_many_connections" | "too_many_connections_of_address" | "slow_request" | "stalled_reader" | "access_ended";

/** What is counted at the doors. Labels hold codes, never a tenant, a conversation or a message. */
export class IngestMetrics {
  readonly #messages;
  readonly #streams;
  readonly #connections;
  readonly #cuts;
  readonly #ownLimits;

  constructor(metrics: ServiceMetrics) {
    this.#messages = metrics.counter("messages", "Messages by outcome: accepted, or the code of the refusal", [
      "outcome",
    ]);
    this.#streams = metrics.gauge("reply_streams", "count", "Readers that are connected");
    this.#connections = metrics.gauge("open_connections", "count", "Connections of clients");
    this.#ownLimits = metrics.counter(
      "own_limit_requests",
      "Requests that the instance counted by itself because the limits of all instances could not be asked",
    );
    this.#cuts = metrics.counter("cut_connections", "Connections that were closed on a client, by reason", ["reason"]);
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

  connectionOpened(): void {
    this.#connections.inc();
  }

  connectionClosed(): void {
    this.#connections.dec();
  }

  cut(reason: CutReason): void {
    this.#cuts.inc({ reason });
  }

  limitedByItself(): void {
    this.#ownLimits.inc();
  }

  streamOpened(): void {
    this.#streams.inc();
  }

  streamClosed(): void {
    this.#streams.dec();
  }
}
