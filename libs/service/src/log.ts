import { pino, type DestinationStream, type Logger } from "pino";
import { CodedError, codeOf } from "./coded-error.ts";
import { allowedFields, type LogFields } from "./log-fields.ts";

/** Refuses, at compile time, a message that is not a literal: data belongs into fields, where the allow-list is. */
export type Constant<Message extends string> = Partial<Record<"none", 1>> extends Record<Message, 1> ? never : Message;

/** A service's log. The message is a constant sentence; everything variable is an allow-listed field. */
export interface Log {
  debug<M extends string>(message: Constant<M>, fields?: LogFields): void;
  info<M extends string>(message: Constant<M>, fields?: LogFields): void;
  warn<M extends string>(message: Constant<M>, fields?: LogFields): void;
  error<M extends string>(message: Constant<M>, fields?: LogFields): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** Where lines go; standard output by default. One call of `write` is one line of JSON. */
  readonly destination?: DestinationStream;
}

/** One JSON object a line: level, time, service, msg and the allowed fields, nothing else. */
export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level ?? "info",
    base: { service: options.service },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const logger: Logger = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  return {
    debug: (message, fields) => logger.debug(printable(fields), message),
    info: (message, fields) => logger.info(printable(fields), message),
    warn: (message, fields) => logger.warn(printable(fields), message),
    error: (message, fields) => logger.error(printable(fields), message),
  };
}

function printable(fields: LogFields = {}): Record<string, unknown> {
  const kept: Record<string, unknown> = allowedFields(fields);
  if (fields.error !== undefined) kept["error"] = printableError(fields.error);
  return kept;
}

/** An unknown error's message may quote a user's text (a parser's, a driver's): it is never printed. */
function printableError(error: unknown): { code: string; message?: string; cause?: string } {
  if (!(error instanceof CodedError)) return { code: codeOf(error) };
  const known = { code: codeOf(error), message: error.message };
  const causes = causesOf(error);
  return causes.length === 0 ? known : { ...known, cause: causes.join(": ") };
}

const MOST_CAUSES = 4;

/** The codes of what led to it, outermost first: an engine's own is the last. */
function causesOf({ cause }: Error, most = MOST_CAUSES): string[] {
  if (cause === undefined || most === 0) return [];
  const further = cause instanceof CodedError ? causesOf(cause, most - 1) : [];
  return [codeOf(cause), ...further];
}
