import { randomUUID } from "node:crypto";
import { Catch, type ArgumentsHost, type ExceptionFilter } from "@nestjs/common";
import type { FastifyReply } from "fastify";
import { throwError, type Observable } from "rxjs";
import type { Audit } from "./audit.ts";
import type { Log } from "./log.ts";
import { isServerFault, ProblemError, problemOf } from "./problem.ts";

/** Where what became of a request is written down. */
export interface Reports {
  readonly log: Log;
  readonly audit: Audit;
}

/** No such path, no such method, too many at once: nobody was refused anything for who they are or what they sent. */
const WANDERED: ReadonlySet<number> = new Set([404, 405, 429]);

/**
 * The one filter of an application. A failed request is answered by a problem document, and logged by its code if it is
 * our fault. A message handler's error goes on to its consumer unchanged: Nest's default filter would log its text and
 * put "Internal server error" in its place, without the code by which a consumer decides what to do.
 */
@Catch()
export class ErrorsFilter implements ExceptionFilter {
  readonly #reports: Reports;

  constructor(reports: Reports) {
    this.#reports = reports;
  }

  catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    if (host.getType() !== "http") return throwError(() => error);
    answerProblem(this.#reports, error, host.switchToHttp().getResponse<FastifyReply>());
    return undefined;
  }
}

/** Also for what Fastify refuses before Nest sees it, such as a path that can't be decoded. */
export function answerProblem({ log, audit }: Reports, error: unknown, reply: FastifyReply): void {
  const document = problemOf(error);
  const { status, code } = document;
  // Ties what a caller reports to a line of the log (RFC 9457 section 3.1.5).
  const instance = `urn:uuid:${randomUUID()}`;
  if (isServerFault(document)) log.error("a request failed", { status, instance, error });
  else if (!WANDERED.has(status)) audit.refused({ at: "http", code, status, instance });
  // A stream that has already begun cannot change its status any more.
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  if (error instanceof ProblemError) void reply.headers({ ...error.headers });
  void reply
    .status(status)
    .header("content-type", "application/problem+json")
    .send(JSON.stringify({ ...document, instance }));
}
