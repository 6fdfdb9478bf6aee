import type { Kysely } from "kysely";

/** Whose rows: one consumer's, in its service's schema. Table types play no part, all statements here are raw SQL. */
export interface ProtocolScope {
  readonly db: Kysely<unknown>;
  readonly schema: string;
  readonly consumer: string;
}

/** The lane of the outbox that a consumer's partition writes. */
export function laneOf(consumer: string, partition: number): string {
  return `${consumer}/${partition}`;
}

/** The lane of what an operator has produced again. */
export function laneOfRedrives(consumer: string): string {
  return `${consumer}/redrives`;
}
