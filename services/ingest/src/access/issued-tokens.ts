import { randomBytes } from "node:crypto";

import { idToHex, uuidv7 } from "@cloister/envelope";
import type { Clock } from "@cloister/service";

import { problem } from "../ingest.problems.ts";
import type { Grant, TokenKind } from "./access-tokens.ts";
import { tokenExpired, tokenRevoked, tokenUnknown } from "./refusals.ts";
import type { Scope } from "./scopes.ts";
import { digestOf, hasTokenForm, newToken } from "./token-format.ts";
import type { TokenOwner, TokenPage, TokenRecord, TokenStore } from "./token-store.ts";

export interface IssuedTokensParts {
  readonly store: TokenStore;
  readonly clock: Clock;
  /** How long a look at the store counts, and so how long a revoked token may go on working. */
  readonly cacheMs: number;
}

export interface TokenWish {
  readonly tenantIdHex: string | null;
  readonly scopes: readonly Scope[];
  readonly label: string;
  readonly expiresAtMs: number;
  readonly createdBy: string | null;
}

interface Known {
  readonly record: TokenRecord;
  readonly readAtMonotonicMs: number;
}

/** Most tokens whose records are kept in memory. */
const maxKnown = 10_000;
/** How exactly the last use is noted: a busy token costs one write in that time. */
const useNotedEveryMs = 60_000;

/** Tokens that were made here: random, scoped, expiring, revocable, kept as digests. */
export class IssuedTokens implements TokenKind {
  readonly #parts: IssuedTokensParts;
  /** By digest in hex, the longest known first. Unknown tokens take no room. */
  readonly #known = new Map<string, Known>();

  constructor(parts: IssuedTokensParts) {
    this.#parts = parts;
  }

  isOurs(token: string): boolean {
    return hasTokenForm(token);
  }

  async grantOf(token: string): Promise<Grant> {
    const record = await this.#recordOf(digestOf(token));
    if (record === undefined) throw tokenUnknown();
    if (record.revokedAtMs !== null) throw tokenRevoked();
    const nowMs = this.#parts.clock.nowMs();
    if (record.expiresAtMs <= nowMs) throw tokenExpired();
    const { tenantIdHex, scopes, id, expiresAtMs } = record;
    return { tenantIdHex: tenantIdHex ?? undefined, scopes, tokenId: id, expiresAtMs };
  }

  /** The token itself is in this answer and nowhere else. @throws ProblemError TOKEN_LIMIT */
  async issue(wish: TokenWish): Promise<{ readonly token: string; readonly record: TokenRecord }> {
    const { store, clock } = this.#parts;
    const createdAtMs = clock.nowMs();
    const id = idToHex(uuidv7(createdAtMs, randomBytes(10)));
    const record: TokenRecord = { ...wish, id, createdAtMs, lastUsedAtMs: null, revokedAtMs: null };
    const token = newToken();
    if (await store.add(record, digestOf(token))) return { token, record };
    throw problem("TOKEN_LIMIT", "The tenant has as many access tokens as it may have. Revoke those it doesn't need.");
  }

  list(owner: TokenOwner, page: { readonly after: string | undefined; readonly limit: number }): Promise<TokenPage> {
    return this.#parts.store.list(owner, page);
  }

  /** At once here, on other instances within `cacheMs`. @throws ProblemError TOKEN_NOT_FOUND */
  async revoke(owner: TokenOwner, id: string): Promise<void> {
    const digest = await this.#parts.store.revoke(owner, id, this.#parts.clock.nowMs());
    if (digest === undefined) throw problem("TOKEN_NOT_FOUND", "There is no access token with that id.");
    this.#known.delete(hexOf(digest));
  }

  async #recordOf(digest: Uint8Array): Promise<TokenRecord | undefined> {
    const { store, clock, cacheMs } = this.#parts;
    const key = hexOf(digest);
    const known = this.#known.get(key);
    const readAtMonotonicMs = clock.monotonicMs();
    if (known !== undefined && readAtMonotonicMs - known.readAtMonotonicMs < cacheMs) return known.record;
    const record = await store.find(digest);
    this.#known.delete(key);
    if (record === undefined) return undefined;
    this.#remember(key, { record, readAtMonotonicMs });
    await this.#noteUse(record);
    return record;
  }

  #remember(key: string, known: Known): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, known);
  }

  async #noteUse({ id, lastUsedAtMs, revokedAtMs, expiresAtMs }: TokenRecord): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    const isLive = revokedAtMs === null && expiresAtMs > nowMs;
    if (isLive && nowMs - (lastUsedAtMs ?? 0) >= useNotedEveryMs) await this.#parts.store.markUsed(id, nowMs);
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
