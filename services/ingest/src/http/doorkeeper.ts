import { bearerToken, ProblemError } from "@cloister/service";
import { idToHex } from "@cloister/envelope";
import type { FastifyReply, FastifyRequest } from "fastify";

import type { AccessTokens, Grant } from "../access/access-tokens.ts";
import { unauthenticated } from "../access/refusals.ts";
import { addressGroup, isLoopback } from "../limits/addresses.ts";
import { KnownCallers } from "../limits/known-callers.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import { addressIsRefused, tenantIsTooFast } from "../limits/refusals.ts";
import { namedTenant, readTenantHeader, rememberCaller, requireCallerTenant } from "./caller.ts";
import type { OpenResponses } from "./open-responses.ts";

export interface DoorkeeperParts {
  readonly tokens: AccessTokens;
  /** By tenant. */
  readonly tenantRate: Pick<RateLimit, "take">;
  /** By address, of requests without valid access. */
  readonly addressRate: RateLimit;
  readonly open: OpenResponses;
}

/** Looks at every request as soon as its headers are read and before a byte of its body is. */
export class Doorkeeper {
  readonly #parts: DoorkeeperParts;
  readonly #known = new KnownCallers();

  constructor(parts: DoorkeeperParts) {
    this.#parts = parts;
  }

  /**
   * Finds out who calls, for AccessGuard and the doors; counts it against the limits of tenant and address.
   * @throws ProblemError of access (401, 403) or of a limit (429)
   */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.url.startsWith("/v1/")) await this.#admitToDoor(request, reply);
    else if (!request.url.startsWith("/healthz/")) await this.#takeForAddress(request.ip);
  }

  async #admitToDoor(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { tenantRate, open } = this.#parts;
    const token = bearerToken(request.headers.authorization);
    const grant = await this.#authenticate(token, request.ip);
    const caller = { grant, tenantId: readTenantHeader(request.headers["cloister-tenant"]) };
    if (caller.tenantId !== undefined) requireCallerTenant(caller, idToHex(caller.tenantId));
    const tenant = namedTenant(caller) ?? "every tenant";
    const waitMs = await tenantRate.take(tenant);
    if (waitMs > 0) throw tenantIsTooFast(waitMs);
    open.enter(reply.raw, { tenant, token: token ?? "" });
    rememberCaller(request, caller);
  }

  /** Who came in lately is heard although others at the same address are not any more. */
  async #authenticate(token: string | undefined, address: string): Promise<Grant> {
    const isKnown = token !== undefined && this.#known.has(token);
    if (!isKnown) await this.#requireAddress(address);
    try {
      if (token === undefined) throw unauthenticated();
      const grant = await this.#parts.tokens.grantOf(token);
      this.#known.remember(token);
      return grant;
    } catch (error) {
      const isRefused = error instanceof ProblemError && error.status === 401;
      if (isRefused && token !== undefined) this.#known.forget(token);
      // Who names an issuer that can't be asked is nobody yet, and has no more tries than others.
      if (isRefused || !isKnown) await this.#takeForAddress(address);
      throw error;
    }
  }

  async #requireAddress(address: string): Promise<void> {
    if (isLoopback(address)) return;
    const waitMs = await this.#parts.addressRate.waitMs(addressGroup(address));
    if (waitMs > 0) throw addressIsRefused(waitMs);
  }

  /** What comes from this machine is its operator's, or a proxy's that nobody named: it would speak for everybody. */
  async #takeForAddress(address: string): Promise<void> {
    if (isLoopback(address)) return;
    const waitMs = await this.#parts.addressRate.take(addressGroup(address));
    if (waitMs > 0) throw addressIsRefused(waitMs);
  }
}
