import type { MessagingError } from "../../messaging-error.ts";
import { brokerError } from "../broker-errors.ts";

/** The library has no code for a topic that is missing, but always this sentence. */
const UNKNOWN_TOPIC_SENTENCE = /^Unknown topic /u;

/** Our error for what a client of the library threw while it did `what`. */
export function clientError(what: string, cause: unknown): MessagingError {
  return brokerError({ what, cause }, namesIn(cause));
}

/** What an error is called, and those that it was made of: names of the protocol, codes of Node and of the library. */
export function namesIn(error: unknown): string[] {
  return [...new Set(namesWithin(error, 0))];
}

const DEEPEST = 8;

function namesWithin(error: unknown, depth: number): string[] {
  if (typeof error !== "object" || error === null || depth > DEEPEST) return [];
  const several: unknown[] = "errors" in error && Array.isArray(error.errors) ? error.errors : [];
  const within = [...several, "cause" in error ? error.cause : undefined];
  return [...ownNames(error), ...within.flatMap((inner) => namesWithin(inner, depth + 1))];
}

function ownNames(error: object): string[] {
  const isUnknownTopic = "message" in error && UNKNOWN_TOPIC_SENTENCE.test(String(error.message));
  if (isUnknownTopic) return ["UNKNOWN_TOPIC_OR_PARTITION"];
  const names = ["apiId" in error && error.apiId, "code" in error && error.code];
  return names.filter((name) => typeof name === "string");
}
