import { TokenDigest } from "@cloister/service";

/** What an access token allows. Bearer tokens give transport, never readership. */
export interface Grant {
  /** 32 hex digits; undefined: every tenant of this deployment. */
  readonly tenantIdHex: string | undefined;
}

/** Injection token of AccessTokens. */
export const ACCESS_TOKENS = Symbol("AccessTokens");

/** The port behind which issued, scoped and expiring tokens will come. */
export interface AccessTokens {
  /** What the token allows, or undefined when it is not one of ours. */
  grantOf(token: string): Grant | undefined;
}

/** One token for the life of the process; only its digest stays in memory. */
export class SingleAccessToken implements AccessTokens {
  readonly #digest: TokenDigest;
  readonly #grant: Grant;

  constructor(token: string, grant: Grant) {
    this.#digest = new TokenDigest(token);
    this.#grant = grant;
  }

  grantOf(token: string): Grant | undefined {
    return this.#digest.matches(token) ? this.#grant : undefined;
  }
}
