import { Body, Controller, Delete, Get, Header, HttpCode, Inject, Param, Post, Query } from "@nestjs/common";
import type { Clock } from "@cloister/service";
import { z } from "zod";

import { NeedsScope } from "../http/access.guard.ts";
import { CallerOf, namedTenant, requireCallerTenant, type Caller } from "../http/caller.ts";
import { CLOCK } from "../ingest.ports.ts";
import { problem } from "../ingest.problems.ts";
import type { Grant } from "./access-tokens.ts";
import { IssuedTokens } from "./issued-tokens.ts";
import { insufficientScope } from "./refusals.ts";
import { allows, scopes, type Scope } from "./scopes.ts";
import type { TokenOwner, TokenPage, TokenRecord } from "./token-store.ts";

const dayMs = 24 * 60 * 60 * 1_000;
const defaultLifeMs = 90 * dayMs;
const longestLifeMs = 366 * dayMs;

const hex16 = z.string().regex(/^[0-9a-f]{32}$/u, "not 32 lower-case hexadecimal digits");

/** What `POST /v1/tokens` takes. */
export const tokenRequest = z.strictObject({
  /** Without control characters, which could play tricks on the terminal that lists it. */
  label: z.string().regex(/^\P{C}{1,100}$/u, "not 1 to 100 printable characters"),
  scopes: z.array(z.enum(scopes)).min(1),
  /** Null: every tenant. Absent: the caller's. */
  tenantIdHex: hex16.nullable().optional(),
  /** Absent: 90 days from now, or the end of the caller's own token. */
  expiresAtMs: z.int().positive().optional(),
});

const notALimit = "not one whole number from 1 to 1000";

/** The query of `GET /v1/tokens`. */
export const pageRequest = z.strictObject({
  after: hex16.optional(),
  limit: z.coerce.number(notALimit).int(notALimit).min(1, notALimit).max(1_000, notALimit).default(100),
});

/** Making, listing and revoking access tokens. Nobody gives more than they have, or sees another tenant's. */
@Controller("v1/tokens")
export class TokensController {
  readonly #tokens: IssuedTokens;
  readonly #clock: Clock;

  constructor(@Inject(IssuedTokens) tokens: IssuedTokens, @Inject(CLOCK) clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** The token stands in this answer and is kept nowhere. */
  @Post()
  @HttpCode(201)
  @Header("cache-control", "no-store")
  @NeedsScope("tokens:manage")
  async create(@CallerOf() caller: Caller, @Body() body: unknown): Promise<TokenRecord & { token: string }> {
    const request = parsed(tokenRequest, body, "body");
    const wish = {
      label: request.label,
      scopes: scopesWithin(caller.grant, request.scopes),
      tenantIdHex: tenantFor(caller, request.tenantIdHex),
      expiresAtMs: endFor(caller.grant, request.expiresAtMs, this.#clock.nowMs()),
      createdBy: caller.grant.tokenId ?? null,
    };
    const { token, record } = await this.#tokens.issue(wish);
    return { token, ...record };
  }

  /** The newest first; `after` goes on after a page's `nextAfter`. */
  @Get()
  @Header("cache-control", "no-store")
  @NeedsScope("tokens:manage")
  list(@CallerOf() caller: Caller, @Query() query: unknown): Promise<TokenPage> {
    const { after, limit } = parsed(pageRequest, query, "query");
    return this.#tokens.list(ownerOf(caller), { after, limit });
  }

  /** Again is fine. Another tenant's token is none. */
  @Delete(":id")
  @HttpCode(204)
  @NeedsScope("tokens:manage")
  async revoke(@CallerOf() caller: Caller, @Param("id") id: string): Promise<void> {
    if (!hex16.safeParse(id).success) {
      throw problem("MALFORMED", "A token's id is 32 lower-case hexadecimal digits; it is not the token itself.");
    }
    await this.#tokens.revoke(ownerOf(caller), id);
  }
}

/** A token for every tenant sees everybody's, unless the request names one tenant. */
function ownerOf(caller: Caller): TokenOwner {
  return { tenantIdHex: namedTenant(caller) };
}

/** @throws ProblemError FORBIDDEN_TENANT, MALFORMED when nobody has said for which tenant */
function tenantFor(caller: Caller, wished: string | null | undefined): string | null {
  const tenantIdHex = wished === undefined ? namedTenant(caller) : wished;
  if (tenantIdHex === undefined) {
    throw problem("MALFORMED", "Say in tenantIdHex which tenant the token is for, or null for every tenant.");
  }
  requireCallerTenant(caller, tenantIdHex);
  return tenantIdHex;
}

/** @throws ProblemError INSUFFICIENT_SCOPE for one that the caller hasn't */
function scopesWithin(grant: Grant, wished: readonly Scope[]): Scope[] {
  const missing = wished.find((scope) => !allows(grant.scopes, scope));
  if (missing === undefined) return [...new Set(wished)];
  throw insufficientScope(missing, `A token can't give the scope ${missing}, which it hasn't itself.`);
}

/** @throws ProblemError MALFORMED for an end in the past, too far away, or after that of the caller's own token */
function endFor({ expiresAtMs: ownEndMs }: Grant, wishedMs: number | undefined, nowMs: number): number {
  const latestMs = Math.min(nowMs + longestLifeMs, ownEndMs ?? Infinity);
  const endMs = wishedMs ?? Math.min(nowMs + defaultLifeMs, latestMs);
  if (endMs <= nowMs) throw problem("MALFORMED", "The token's end, expiresAtMs, is not in the future.");
  if (endMs > latestMs) {
    throw problem("MALFORMED", "A token lasts 366 days at most, and no longer than the token that makes it.");
  }
  return endMs;
}

/** @throws ProblemError MALFORMED naming the field */
function parsed<T>(schema: z.ZodType<T>, input: unknown, what: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where =
    issue === undefined || issue.path.length === 0 ? `The ${what}` : `The ${what}'s ${issue.path.join(".")}`;
  throw problem("MALFORMED", `${where} is not as this door takes it: ${issue?.message ?? "unknown"}.`);
}
