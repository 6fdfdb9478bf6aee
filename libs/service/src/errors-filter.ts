import { randomUUID } from "node:crypto";
import { Catch, type ArgumentsHost, type ExceptionFilter } from "@nestjs/common";
import type { FastifyReply } from "fastify";
import { throwError, type Observable } from "rxjs";
import type { Audit } from "./audit.ts";
import type { KnownRoutes } from "./known-routes.ts";
import type { Log } from "./log.ts";
import { serverProblems } from "./problem-catalogue.ts";
import { isServerFault, ProblemError, problemOf } from "./problem.ts";

/** Where what became of a request is written down. */
export interface Reports {
  readonly log: Log;
  readonly audit: Audit;
  readonly routes: KnownRoutes;
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
export function answerProblem({ log, audit, routes }: Reports, thrown: unknown, reply: FastifyReply): void {
  const error = refusedMethod(routes, reply) ?? thrown;
  const document = problemOf(error);
  const { status, code } = document;
  // Ties what a caller reports to a line of the log (RFC 9457 section 3.1.5).
  const instance = `urn:uuid:${randomUUID()}`;
  if (isServerFault(document)) log.error("a request failed", { status, instance, error });
  else if (!WANDERED.has(status)) audit.refusedRequest({ code, status, instance });
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

/** Undefined where the path takes the method, or where there is no such path. */
function refusedMethod(routes: KnownRoutes, { request }: FastifyReply): ProblemError | undefined {
  const methods = routes.methodsAt(request.url);
  if (methods.length === 0 || methods.includes(request.method)) return undefined;
  const { title, remedy, httpStatus } = serverProblems.METHOD_NOT_ALLOWED;
  const allow = methods.toSorted().join(", ");
  return new ProblemError("METHOD_NOT_ALLOWED", httpStatus, `${title}. ${remedy}`, { allow }, title);
}
