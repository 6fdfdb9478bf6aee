import { Catch, type ArgumentsHost, type ExceptionFilter } from "@nestjs/common";
import type { FastifyReply } from "fastify";
import { throwError, type Observable } from "rxjs";
import type { Log } from "./log.ts";
import { isServerFault, ProblemError, problemOf } from "./problem.ts";

/**
 * The one filter of an application. A failed request is answered by a problem document, and logged by its code if it is
 * our fault. A message handler's error goes on to its consumer unchanged: Nest's default filter would log its text and
 * put "Internal server error" in its place, without the code by which a consumer decides what to do.
 */
@Catch()
export class ErrorsFilter implements ExceptionFilter {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() !== "http") return throwError(() => error);
    this.#answer(error, host.switchToHttp().getResponse<FastifyReply>());
    return undefined;
  }

  #answer(error: unknown, reply: FastifyReply): void {
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
