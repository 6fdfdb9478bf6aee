import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import { idToHex, parseTenantId, type TenantId } from "@cloister/envelope";
import type { FastifyRequest } from "fastify";
import { z } from "zod";

import type { Grant } from "../access/access-tokens.ts";
import { unauthenticated } from "../access/refusals.ts";
import { problem } from "../ingest.problems.ts";

/** For whom a request is made. */
export interface Caller {
  readonly grant: Grant;
  /** The tenant of the Cloister-Tenant header, which the token allows; undefined when the header is absent. */
  readonly tenantId: TenantId | undefined;
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Only the doorkeeper says who calls. */
export function rememberCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** The caller that the doorkeeper has found out. @throws ProblemError UNAUTHENTICATED when it has not */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw unauthenticated();
  return caller;
}

/** The caller that AccessGuard let in. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The tenant that the request names, else the only one that its token is for; undefined when there is neither. */
export function namedTenant({ grant, tenantId }: Caller): string | undefined {
  return tenantId === undefined ? grant.tenantIdHex : idToHex(tenantId);
}

/** The caller's tenant. @throws ProblemError MALFORMED when neither a Cloister-Tenant header nor the token says which */
export function tenantOf(caller: Caller): TenantId {
  const tenantIdHex = namedTenant(caller);
  if (tenantIdHex === undefined) {
    throw problem("MALFORMED", "Name the tenant in the Cloister-Tenant header, as 32 hexadecimal digits.");
  }
  return parseTenantId(tenantIdHex);
}

/**
 * @param tenantIdHex null stands for every tenant together
 * @throws ProblemError FORBIDDEN_TENANT when the request speaks of another tenant than its token or its header
 */
export function requireCallerTenant({ grant, tenantId }: Caller, tenantIdHex: string | null): void {
  const named = tenantId === undefined ? undefined : idToHex(tenantId);
  for (const allowed of [grant.tenantIdHex, named]) {
    if (allowed !== undefined && allowed !== tenantIdHex) {
      throw problem("FORBIDDEN_TENANT", "The access token or the Cloister-Tenant header is for another tenant.");
    }
  }
}

/** A tenant's id as it stands in the Cloister-Tenant header. */
export const tenantIdText = z.string().regex(/^[0-9a-f]{32}$/u);

/** @throws ProblemError MALFORMED */
export function readTenantHeader(header: string | string[] | undefined): TenantId | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== "string" || !tenantIdText.safeParse(header).success) {
    throw problem("MALFORMED", "The Cloister-Tenant header is 32 lower-case hexadecimal digits.");
  }
  return parseTenantId(header);
}
