import { STATUS_CODES } from "node:http";
import { HttpException } from "@nestjs/common";
import { CodedError } from "./coded-error.ts";

/** An RFC 9457 problem document; `code` is an extension member that callers switch on. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
}

/** Thrown by HTTP controllers. `detail` is a sentence for the caller and may be logged: no plaintext, no keys. */
export class ProblemError extends CodedError {
  constructor(
    code: string,
    readonly status: number,
    readonly detail: string,
    /** Sent with the answer, such as `retry-after` in seconds. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, detail);
  }
}

/**
 * What the caller is told of a thrown value. A ProblemError is told in full; an engine's outage is 503 UNAVAILABLE; a
 * refusal of the HTTP server itself (4xx: unknown route, body too large) keeps its status; everything else is 500
 * INTERNAL without a word of the error.
 */
export function problemOf(error: unknown): ProblemDocument {
  if (error instanceof ProblemError) return problem(error.status, error.code, error.detail);
  if (error instanceof CodedError && error.isUnavailable) {
    return problem(503, "UNAVAILABLE", "A part of the system is not reachable at the moment. Try again shortly.");
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500) return refusalOfServer(status);
  return problem(500, "INTERNAL", "The request could not be completed.");
}

function problem(status: number, code: string, detail?: string): ProblemDocument {
  const document = { type: `urn:cloister:problem:${code}`, title: STATUS_CODES[status] ?? "Error", status, code };
  return detail === undefined ? document : { ...document, detail };
}

/** What Fastify refuses before a controller sees it. */
function refusalOfServer(status: number): ProblemDocument {
  switch (status) {
    case 404:
      return problem(status, "NOT_FOUND", "There is no such door here: look at the path and the method.");
    case 413:
      return problem(status, "TOO_LARGE", "The body is larger than this door takes. Send less at a time.");
    case 415:
      return problem(status, "UNSUPPORTED_MEDIA_TYPE", "This door does not take a body of that content type.");
    default:
      return problem(status, httpCode(status), "The server could not take the request as it was sent.");
  }
}

function httpCode(status: number): string {
  return (STATUS_CODES[status] ?? "BAD_REQUEST").toUpperCase().replaceAll(/[^A-Z]+/g, "_");
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if (error instanceof HttpException) return error.getStatus();
  return "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** True for what an operator should look at; refusals of a caller's request are not that. */
export function isServerFault(document: ProblemDocument): boolean {
  return document.status >= 500;
}
