import { codeOf } from "@cloister/service";

/** What ioredis says in words alone. */
const sentences: readonly (readonly [start: string, code: string])[] = [
  ["All sentinels are unreachable", "SENTINELS_UNREACHABLE"],
  ["Failed to refresh slots cache", "CLUSTER_UNREACHABLE"],
  ["Connection is closed", "CLOSED"],
  ["Command timed out", "TIMEOUT"],
  ["Socket timeout", "TIMEOUT"],
];

/**
 * What a client of Redis threw, as a code: of the socket (ECONNREFUSED), of Redis (WRONGPASS, NOAUTH, OOM) or of ioredis.
 * Their messages stay out of logs: some quote the command, and AUTH is one.
 */
export function redisErrorCode(error: unknown): string {
  if (!(error instanceof Error)) return codeOf(error);
  const inner = "lastNodeError" in error && error.lastNodeError instanceof Error ? error.lastNodeError : error;
  const [, word] = /^([A-Z]{3,20})(?: |$)/u.exec(inner.message) ?? [];
  if (word !== undefined) return word;
  // Of a cluster the last node's reason tells more, unless it is only that it was not reached.
  const said = [error, inner].flatMap(({ message }) => sentences.filter(([start]) => message.startsWith(start)));
  return "code" in inner ? codeOf(inner) : (said[0]?.[1] ?? codeOf(inner));
}
