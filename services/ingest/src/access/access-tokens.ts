import { TokenDigest } from "@cloister/service";

import { tokenUnknown } from "./refusals.ts";
import { scopes, type Scope } from "./scopes.ts";

/** What a credential allows. Bearer tokens give transport, never readership. */
export interface Grant {
  /** 32 hex digits; undefined: every tenant of this deployment. */
  readonly tenantIdHex: string | undefined;
  readonly scopes: readonly Scope[];
  /** Id of the stored token; undefined for the token of a start and for a login elsewhere. */
  readonly tokenId: string | undefined;
  /** When the stored token, or the login, ends: what it makes ends no later. Undefined for the token of a start. */
  readonly expiresAtMs: number | undefined;
}

/** Says what a bearer token allows. */
export interface AccessTokens {
  /**
   * @throws ProblemError TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_REVOKED when it allows nothing; of an engine when nobody can
   * say at the moment
   */
  grantOf(token: string): Promise<Grant>;
}

/** A kind of token that can tell its own from those of others by their form. */
export interface TokenKind extends AccessTokens {
  isOurs(token: string): boolean;
}

/** Asks the first kind that a token has the form of. */
export class TokensByKind implements AccessTokens {
  readonly #kinds: readonly TokenKind[];

  constructor(kinds: readonly TokenKind[]) {
    this.#kinds = kinds;
  }

  grantOf(token: string): Promise<Grant> {
    const kind = this.#kinds.find((one) => one.isOurs(token));
    return kind === undefined ? Promise.reject(tokenUnknown()) : kind.grantOf(token);
  }
}

/** The deployment's administration token: one for the life of the process; only its digest stays in memory. */
export class StartToken implements TokenKind {
  readonly #digest: TokenDigest;
  readonly #grant: Grant;

  /** @param tenantIdHex the only tenant that it is good for; undefined: every tenant */
  constructor(token: string, tenantIdHex: string | undefined) {
    this.#digest = new TokenDigest(token);
    this.#grant = { tenantIdHex, scopes, tokenId: undefined, expiresAtMs: undefined };
  }

  isOurs(token: string): boolean {
    return this.#digest.matches(token);
  }

  grantOf(token: string): Promise<Grant> {
    return this.isOurs(token) ? Promise.resolve(this.#grant) : Promise.reject(tokenUnknown());
  }
}
