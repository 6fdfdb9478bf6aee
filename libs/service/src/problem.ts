import { HttpException } from "@nestjs/common";
import { CodedError } from "./coded-error.ts";
import { PROBLEMS_PATH, serverProblems, type ServerProblem } from "./problem-catalogue.ts";

/** An RFC 9457 problem document; `code` is an extension member that callers switch on. */
export interface ProblemDocument {
  /** Resolves, against the request's address, to the code's place on the page of errors. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** Thrown by HTTP controllers. `detail` is a sentence for the caller and may be logged: no plaintext, no keys. */
export class ProblemError extends CodedError {
  constructor(
    code: string,
    readonly status: number,
    readonly detail: string,
    /** Sent with the answer, such as `retry-after` in seconds. */
    readonly headers: Readonly<Record<string, string>> = {},
    /** What the code says of any request. */
    readonly title = "The request was refused",
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
  if (error instanceof ProblemError) {
    const { code, title, status, detail } = error;
    return { type: typeOf(code), title, status, code, detail };
  }
  if (error instanceof CodedError && error.isUnavailable) return serverProblem("UNAVAILABLE");
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500) return refusalOfServer(status);
  return serverProblem("INTERNAL");
}

const typeOf = (code: string): string => `${PROBLEMS_PATH}#${code}`;

/** What the HTTP server refuses by itself, for any request. */
export function serverProblem(code: ServerProblem): ProblemDocument {
  const { title, remedy, httpStatus } = serverProblems[code];
  return { type: typeOf(code), title, status: httpStatus, code, detail: `${title}. ${remedy}` };
}

/** What Fastify refuses before a controller sees it. */
function refusalOfServer(status: number): ProblemDocument {
  switch (status) {
    case 404:
      return serverProblem("NOT_FOUND");
    case 413:
      return serverProblem("TOO_LARGE");
    case 415:
      return serverProblem("UNSUPPORTED_MEDIA_TYPE");
    default:
      return serverProblem("BAD_REQUEST");
  }
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
