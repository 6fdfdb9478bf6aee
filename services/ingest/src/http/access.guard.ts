import { Inject, Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import { Reflector } from "@nestjs/core";
import { idToHex } from "@cloister/envelope";
import { bearerToken } from "@cloister/service";
import type { FastifyReply, FastifyRequest } from "fastify";

import { ACCESS_TOKENS, type AccessTokens } from "../access/access-tokens.ts";
import { insufficientScope, unauthenticated } from "../access/refusals.ts";
import { allows, type Scope } from "../access/scopes.ts";
import { problem } from "../ingest.problems.ts";
import { readTenantHeader, rememberCaller, requireCallerTenant } from "./caller.ts";
import { OpenResponses } from "./open-responses.ts";

/** The scope that a door asks for. A door that names none lets nobody in. */
export const NeedsScope = Reflector.createDecorator<Scope>();

/** Every door asks for an access token: `Authorization: Bearer <token>` (RFC 6750 section 2.1). */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #tokens: AccessTokens;
  readonly #reflector: Reflector;
  readonly #open: OpenResponses;

  constructor(
    @Inject(ACCESS_TOKENS) tokens: AccessTokens,
    @Inject(Reflector) reflector: Reflector,
    @Inject(OpenResponses) open: OpenResponses,
  ) {
    this.#tokens = tokens;
    this.#reflector = reflector;
    this.#open = open;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // The consumer's handlers pass global guards too; they have no caller.
    if (context.getType() !== "http") return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) throw unauthenticated();
    const grant = await this.#tokens.grantOf(token);
    this.#requireScope(context, grant.scopes);
    const caller = { grant, tenantId: readTenantHeader(request.headers["cloister-tenant"]) };
    if (caller.tenantId !== undefined) requireCallerTenant(caller, idToHex(caller.tenantId));
    rememberCaller(request, caller);
    this.#open.watch(http.getResponse<FastifyReply>().raw, token);
    return true;
  }

  #requireScope(context: ExecutionContext, granted: readonly Scope[]): void {
    const needed = this.#reflector.get<Scope | undefined>(NeedsScope.KEY, context.getHandler());
    if (needed === undefined) throw problem("INSUFFICIENT_SCOPE", "This door is open to no access token.");
    if (!allows(granted, needed)) throw insufficientScope(needed);
  }
}
