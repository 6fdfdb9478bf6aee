import { HttpException } from "@nestjs/common";

import { IngestError, ingestProblems, type IngestErrorCode } from "../ingest.errors.ts";

/** RFC 9457, with our stable code and whether trying again can help. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly retryable: boolean;
}

/** What a client is told about any failure. Text of errors that are not ours stays inside: it may quote the request. */
export function problemDocument(error: unknown): ProblemDocument {
  if (error instanceof IngestError) return document(error.code, error.message, error.passedOnCode);
  const code = codeOfStatus(statusOf(error));
  return document(code, ingestProblems[code].title);
}

function document(code: IngestErrorCode, detail: string, passedOnCode?: string): ProblemDocument {
  const { status, title, retryable } = ingestProblems[code];
  const shownCode = passedOnCode ?? code;
  return { type: `urn:cloister:problem:${shownCode}`, title, status, detail, code: shownCode, retryable };
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // Fastify's own errors (body limit, media type) carry statusCode.
  const carriesStatus = typeof error === "object" && error !== null && "statusCode" in error;
  return carriesStatus && typeof error.statusCode === "number" ? error.statusCode : 500;
}

function codeOfStatus(status: number): IngestErrorCode {
  switch (status) {
    case 404:
      return "NOT_FOUND";
    case 405:
      return "METHOD_NOT_ALLOWED";
    case 413:
      return "TOO_LARGE";
    case 415:
      return "UNSUPPORTED_MEDIA_TYPE";
    case 503:
      return "UNAVAILABLE";
    default:
      return status >= 400 && status < 500 ? "MALFORMED" : "INTERNAL";
  }
}
