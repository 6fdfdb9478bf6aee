import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from "@nestjs/common";
import { idToHex, parseTenantId, type TenantId } from "@cloister/envelope";
import { bearerToken } from "@cloister/service";
import type { FastifyRequest } from "fastify";

import { ACCESS_TOKENS, type AccessTokens, type Grant } from "../access-tokens.ts";
import { problem } from "../ingest.problems.ts";

/** For whom a request is made. */
export interface Caller {
  readonly grant: Grant;
  /** The tenant of the Cloister-Tenant header, which the token allows; undefined when the header is absent. */
  readonly tenantId: TenantId | undefined;
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Every door asks for an access token: `Authorization: Bearer <token>` (RFC 6750 section 2.1). */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #tokens: AccessTokens;

  constructor(@Inject(ACCESS_TOKENS) tokens: AccessTokens) {
    this.#tokens = tokens;
  }

  canActivate(context: ExecutionContext): boolean {
    // The consumer's handlers pass global guards too; they have no caller.
    if (context.getType() !== "http") return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    callers.set(request, authenticate(request, this.#tokens));
    return true;
  }
}

/** The caller that AccessGuard let in. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (caller === undefined) throw problem("UNAUTHENTICATED", "This door needs an access token.");
  return caller;
});

/** The caller's tenant. @throws ProblemError MALFORMED without a Cloister-Tenant header */
export function tenantOf(caller: Caller): TenantId {
  if (caller.tenantId === undefined) {
    throw problem("MALFORMED", "Name the tenant in the Cloister-Tenant header, as 32 hexadecimal digits.");
  }
  return caller.tenantId;
}

/** @throws ProblemError FORBIDDEN_TENANT when the request speaks of another tenant than its token or its header */
export function requireCallerTenant(caller: Caller, tenantIdHex: string): void {
  const named = caller.tenantId === undefined ? undefined : idToHex(caller.tenantId);
  for (const allowed of [caller.grant.tenantIdHex, named]) {
    if (allowed !== undefined && allowed !== tenantIdHex) {
      throw problem("FORBIDDEN_TENANT", "The access token or the Cloister-Tenant header is for another tenant.");
    }
  }
}

function authenticate(request: FastifyRequest, tokens: AccessTokens): Caller {
  const token = bearerToken(request.headers.authorization);
  const grant = token === undefined ? undefined : tokens.grantOf(token);
  if (grant === undefined) throw problem("UNAUTHENTICATED", "Send a valid access token as Authorization: Bearer.");
  const caller = { grant, tenantId: readTenant(request.headers["cloister-tenant"]) };
  if (caller.tenantId !== undefined) requireCallerTenant(caller, idToHex(caller.tenantId));
  return caller;
}

function readTenant(header: string | string[] | undefined): TenantId | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== "string" || !/^[0-9a-f]{32}$/u.test(header)) {
    throw problem("MALFORMED", "The Cloister-Tenant header is 32 lower-case hexadecimal digits.");
  }
  return parseTenantId(header);
}
