import type { ConsumerDefinition } from "./consumer.ts";

/** Checks a definition against its own table and write types, then hides them from the machinery. */
export function defineConsumer<Tables, Write = never>(
  definition: ConsumerDefinition<Tables, Write>,
): ConsumerDefinition {
  // The protocol gives `writeAll` and `effects` only what this service's own step returned and this same database.
  return definition as unknown as ConsumerDefinition;
}
