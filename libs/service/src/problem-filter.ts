import { Catch, type ArgumentsHost, type ExceptionFilter } from "@nestjs/common";
import type { FastifyReply } from "fastify";
import type { Log } from "./log.ts";
import { isServerFault, ProblemError, problemOf } from "./problem.ts";

/** Answers every failed HTTP request with a problem document and logs the ones that are our fault, by code. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const document = problemOf(error);
    if (isServerFault(document)) this.#log.error("a request failed", { status: document.status, error });
    // A stream that has already begun cannot change its status any more.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (error instanceof ProblemError) void reply.headers({ ...error.headers });
    void reply
      .status(document.status)
      .header("content-type", "application/problem+json")
      .send(JSON.stringify(document));
  }
}
