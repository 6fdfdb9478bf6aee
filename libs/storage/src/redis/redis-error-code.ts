import { codeOf } from "@cloister/service";

/**
 * What a client of Redis threw, as a code: of the socket (ECONNREFUSED), of Redis (WRONGPASS, NOAUTH, OOM) or its own.
 * Their messages stay out of logs: some quote the command, and AUTH is one.
 */
export function redisErrorCode(error: unknown): string {
  const inner = error instanceof Error && "lastNodeError" in error ? error.lastNodeError : error;
  const [, word] = inner instanceof Error ? (/^([A-Z]{3,20})(?: |$)/u.exec(inner.message) ?? []) : [];
  return word ?? codeOf(inner);
}
