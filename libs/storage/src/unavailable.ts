import { z } from "zod";
import { isStatementTimeout } from "./outage.ts";
import { StorageError } from "./storage-error.ts";

/** Of an error of Node's sockets (`address`) or names (`hostname`). */
const whereSchema = z.object({
  address: z.string().optional(),
  hostname: z.string().optional(),
  port: z.number().optional(),
});

/** Where Node looked for it, which says what to change. */
function addressOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  // Of several addresses that a name has, the first says enough.
  const errors: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  const said = whereSchema.safeParse(errors[0]);
  if (!said.success) return "";
  const { address, hostname, port } = said.data;
  const host = address ?? hostname;
  return host === undefined ? "" : ` at ${host}${port === undefined ? "" : `:${port}`}`;
}

/** What is told of an outage. */
export function unavailable(cause: unknown): StorageError {
  const sentence = isStatementTimeout(cause)
    ? "the database did not answer a statement in time; look for what holds its locks, and at its disk"
    : `the database cannot be reached${addressOf(cause)}`;
  return new StorageError("DATABASE_UNAVAILABLE", sentence, { cause });
}
