import { Audit, type Clock, type Log, type ServiceMetrics, type ServiceStrategy } from "@cloister/service";
import { Server, type MessageHandler } from "@nestjs/microservices";
import { isObservable, lastValueFrom } from "rxjs";
import { consumerMetrics } from "./consumer-metrics.ts";
import { ConsumerRunner, type RunnerPorts } from "./consumer-runner.ts";
import type { ConsumerDefinition, Step } from "./consumer.ts";
import { DeadLetters } from "./dead-letters.ts";
import { noFailpoints, type Failpoints } from "./failpoints.ts";
import type { Consumption, MessageLog } from "./message-log.ts";
import { MessagingError } from "./messaging-error.ts";
import type { ConsumedBatch } from "./record-result.ts";

export interface LogStrategyOptions {
  /** Made by `defineConsumer`; the handler of each is the `@EventPattern` of its topic. */
  readonly consumers: readonly ConsumerDefinition[];
  readonly messages: MessageLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: ServiceMetrics | undefined;
  /** For tests that end a consumer in a gap of the protocol. */
  readonly failpoints?: Failpoints | undefined;
}

/** Nest's door to the message log: a handler's payload is a `ConsumedBatch`, its answer the records' results. */
export class LogStrategy extends Server implements ServiceStrategy {
  override readonly propagatesEventHandlerErrors = true;
  readonly #options: LogStrategyOptions;
  readonly #ports: RunnerPorts;
  /** Of each consumer, for the operations door. */
  readonly deadLetters: readonly DeadLetters[];
  readonly #consumptions: Consumption[] = [];
  readonly #runners: ConsumerRunner[] = [];
  readonly #listeners: ((error: unknown) => void)[] = [];
  #fatal: { readonly error: unknown } | undefined;
  #isJoined = false;
  #closing: Promise<void> | undefined;

  constructor(options: LogStrategyOptions) {
    super();
    this.#options = options;
    const { messages, clock, log, metrics, failpoints = noFailpoints } = options;
    const told = { log, metrics: consumerMetrics(metrics), audit: new Audit(log, metrics) };
    this.deadLetters = options.consumers.map(
      ({ db, schema, name }) => new DeadLetters({ db, schema, consumer: name }, { messages, clock, log }),
    );
    this.#ports = { messages, clock, failpoints, ...told, onFatal: (e) => this.#die(e) };
  }

  /** Joins every consumer's group, then calls back; with an error when one cannot be joined. */
  listen(callback: (error?: unknown) => void): void {
    this.#join().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  isReady(): boolean {
    return this.#isJoined && this.#fatal === undefined && this.#consumptions.every((one) => one.isJoined());
  }

  onFatal(listener: (error: unknown) => void): void {
    this.#listeners.push(listener);
    if (this.#fatal !== undefined) listener(this.#fatal.error);
  }

  close(): Promise<void> {
    const all = [...this.deadLetters, ...this.#consumptions];
    this.#closing ??= Promise.all(all.map((one) => one.close()))
      .then(() => Promise.all(this.#runners.map((one) => one.close())))
      .then(() => undefined);
    return this.#closing;
  }

  /** There are no events to listen to; Nest asks for the method. */
  on(): void {
    return;
  }

  unwrap(): never {
    throw new MessagingError("CONSUMER_FATAL", "the log strategy has no server to unwrap");
  }

  async #join(): Promise<void> {
    for (const definition of this.#options.consumers) {
      const runner = new ConsumerRunner(definition, stepOf(this.#handler(definition)), this.#ports);
      this.#runners.push(runner);
      const { name, topic, maxBatchRecords, merging } = definition;
      const consumption = await this.#options.messages.consume({
        group: name,
        topics: [topic],
        ...(maxBatchRecords !== undefined && { maxBatchRecords }),
        // The runner bounds what is worked on at once.
        ...(merging === "whole" && { maxConcurrency: Infinity }),
        onAssigned: (where, stopping) => runner.assigned(where, stopping),
        onBatch: (batch, stopping) => runner.run(batch, stopping),
        onRevoked: (where) => runner.revoked(where),
        onFatal: (error) => this.#die(error),
      });
      this.#consumptions.push(consumption);
    }
    for (const letters of this.deadLetters) letters.start();
    this.#isJoined = true;
  }

  #handler({ name, topic }: ConsumerDefinition): MessageHandler {
    const handler = this.getHandlerByPattern(topic);
    if (handler !== null) return handler;
    throw new MessagingError("CONSUMER_FATAL", `no @EventPattern handles ${topic} for the consumer ${name}`);
  }

  #die(error: unknown): void {
    if (this.#fatal !== undefined) return;
    this.#fatal = { error };
    for (const listener of this.#listeners) listener(error);
  }
}

/** Calls a handler through Nest's guards, pipes and filters; its error comes out unchanged (see ErrorsFilter). */
function stepOf(handler: MessageHandler): Step {
  return async (batch: ConsumedBatch) => {
    const answer: unknown = await handler(batch);
    const results: unknown = isObservable(answer) ? await lastValueFrom(answer) : answer;
    if (!Array.isArray(results)) {
      throw new MessagingError("CONSUMER_FATAL", `the handler of ${batch.consumer} did not answer with results`);
    }
    // The protocol checks that there is one for each record; their form is the handler's declared return type.
    return results as Awaited<ReturnType<Step>>;
  };
}
