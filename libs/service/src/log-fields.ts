/**
 * The allow-list: a field that is not named here is dropped, whatever a caller passes. None of them may hold
 * something a person typed. Tenants, conversations and messages appear by their opaque ids.
 */
export const LOG_FIELDS = [
  "address",
  "at",
  "attempt",
  "bucketEndMs",
  "bytes",
  "code",
  "configurationDigest",
  "consumer",
  "conversationId",
  "count",
  "durationMs",
  "evidence",
  "group",
  "host",
  "instance",
  "keyId",
  "measurement",
  "method",
  "messageId",
  "offset",
  "partition",
  "port",
  "release",
  "route",
  "schema",
  "signal",
  "state",
  "status",
  "table",
  "tenantId",
  "topic",
  "version",
] as const;

export type LogField = (typeof LOG_FIELDS)[number];

export type LogFields = Partial<Readonly<Record<LogField, string | number | boolean>>> & {
  /** Anything thrown. Only its code is printed and, when it is a CodedError, its message. */
  readonly error?: unknown;
};

/** Ids, addresses, codes and names; no blanks, so that a sentence never passes for one. */
const TOKEN = /^[\w.:@/[\]+=-]{1,200}$/;

const ALLOWED: ReadonlySet<string> = new Set(LOG_FIELDS);

/** Keeps the allowed fields whose values are numbers, booleans or tokens; other values print as `[dropped]`. */
export function allowedFields(fields: LogFields): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!ALLOWED.has(name) || value === undefined) continue;
    if (typeof value === "number" || typeof value === "boolean") kept[name] = value;
    else kept[name] = typeof value === "string" && TOKEN.test(value) ? value : "[dropped]";
  }
  return kept;
}
