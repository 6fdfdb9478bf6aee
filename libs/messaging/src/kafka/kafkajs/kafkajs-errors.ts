import type { MessagingError } from "../../messaging-error.ts";
import { brokerError } from "../broker-errors.ts";

/** Our error for what kafkajs threw while it did `what`. */
export function kafkajsError(what: string, cause: unknown): MessagingError {
  return brokerError({ what, cause }, namesOf(cause));
}

/** Names of the protocol and codes of Node within an error, outermost first. */
function namesOf(thrown: unknown, depth = 0): string[] {
  if (!(thrown instanceof Error) || depth > 6) return [];
  const several: unknown = Reflect.get(thrown, "errors");
  const inner: unknown[] = [thrown.cause, Reflect.get(thrown, "originalError")];
  if (Array.isArray(several)) for (const one of several) inner.push(one);
  const own = ["type", "code"].flatMap((field) => textOf(thrown, field));
  const authentication = thrown.name === "KafkaJSSASLAuthenticationError" ? ["SASL_AUTHENTICATION_FAILED"] : [];
  return [...new Set([...own, ...authentication, ...inner.flatMap((one) => namesOf(one, depth + 1))])];
}

const NAME = /^[A-Z][A-Z0-9_]{2,63}$/;

function textOf(error: Error, field: string): string[] {
  const value: unknown = Reflect.get(error, field);
  return typeof value === "string" && NAME.test(value) ? [value] : [];
}
