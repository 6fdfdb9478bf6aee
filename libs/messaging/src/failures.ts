import { defaultClassify } from "./classify.ts";
import type { ConsumerDefinition } from "./consumer.ts";
import { MessagingError } from "./messaging-error.ts";
import type { Failure } from "./record-result.ts";

/** Whom a thrown error concerns, as its consumer says; our own are the consumption's. */
export function failureOf(definition: ConsumerDefinition, error: unknown): Failure {
  if (error instanceof MessagingError) {
    const kind = error.code === "CONSUMER_FATAL" ? "fatal" : "shared";
    return { kind, code: error.code, isRetryable: true };
  }
  return definition.classify?.(error) ?? defaultClassify(error);
}

/** What the message log is to be told of a failure that concerns more than a record: try again, or stop. */
export function stopped(consumer: string, failure: Failure, error?: unknown): MessagingError {
  if (error instanceof MessagingError) return error;
  const options = error === undefined ? undefined : { cause: error };
  if (failure.kind === "fatal") {
    return new MessagingError("CONSUMER_FATAL", `the consumer ${consumer} cannot go on: ${failure.code}`, options);
  }
  return new MessagingError("SHARED_FAILURE", `the consumer ${consumer} waits: ${failure.code}`, options);
}
