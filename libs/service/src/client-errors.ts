import type { ConnectionError } from "fastify";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { serverProblems, type ServerProblem } from "./problem-catalogue.ts";
import { serverProblem } from "./problem.ts";

/**
 * Answers what Node's parser gave up on: a client that was too slow, headers that are too large, bytes that are no HTTP.
 * There is no request then, so the answer is written to the socket, which is closed.
 */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  // A client that was too slow in the middle of an answer gets no second one.
  if (socket.writable && socket.bytesWritten === 0) socket.write(answerOf(codeOf(error.code)));
  socket.destroy();
}

function codeOf(code: string): ServerProblem {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "REQUEST_TIMEOUT";
    case "HPE_HEADER_OVERFLOW":
      return "HEADERS_TOO_LARGE";
    default:
      return "BAD_REQUEST";
  }
}

function answerOf(code: ServerProblem): string {
  const { httpStatus } = serverProblems[code];
  const body = JSON.stringify(serverProblem(code));
  return [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus] ?? "Refused"}`,
    "Connection: close",
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
