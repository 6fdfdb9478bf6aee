import { Inject, Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import { Reflector } from "@nestjs/core";
import type { FastifyReply, FastifyRequest } from "fastify";

import { insufficientScope } from "../access/refusals.ts";
import { allows, type Scope } from "../access/scopes.ts";
import { problem } from "../ingest.problems.ts";
import { callerOf } from "./caller.ts";
import { OpenResponses } from "./open-responses.ts";

/** The scope that a door asks for. A door that names none lets nobody in. */
export const NeedsScope = Reflector.createDecorator<Scope>();

/** A door whose answer stays open: it counts among its tenant's streams. */
export const AnswersAsStream = Reflector.createDecorator<true>();

/** Lets in whom the doorkeeper has found out (RFC 6750 section 2.1), where the token's scopes reach. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #reflector: Reflector;
  readonly #open: OpenResponses;

  constructor(@Inject(Reflector) reflector: Reflector, @Inject(OpenResponses) open: OpenResponses) {
    this.#reflector = reflector;
    this.#open = open;
  }

  canActivate(context: ExecutionContext): boolean {
    // The consumer's handlers pass global guards too; they have no caller.
    if (context.getType() !== "http") return true;
    const http = context.switchToHttp();
    const { grant } = callerOf(http.getRequest<FastifyRequest>());
    const handler = context.getHandler();
    const needed = this.#reflector.get<Scope | undefined>(NeedsScope.KEY, handler);
    if (needed === undefined) throw problem("INSUFFICIENT_SCOPE", "This door is open to no access token.");
    if (!allows(grant.scopes, needed)) throw insufficientScope(needed);
    if (this.#reflector.get<true | undefined>(AnswersAsStream.KEY, handler) === true) {
      this.#open.becomesStream(http.getResponse<FastifyReply>().raw);
    }
    return true;
  }
}
