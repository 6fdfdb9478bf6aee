import { Catch, type ArgumentsHost, type ExceptionFilter } from "@nestjs/common";
import type { FastifyReply } from "fastify";

import { problemDocument } from "./problem-document.ts";

/** Turns whatever a door throws into a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemDocument(error);
    void reply
      .status(problem.status)
      .header("content-type", "application/problem+json")
      .header("cache-control", "no-store")
      .send(JSON.stringify(problem));
  }
}
