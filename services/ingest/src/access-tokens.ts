import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

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

/** 256 random bits, base64url. */
export function randomAccessToken(): string {
  return randomBytes(32).toString("base64url");
}

/** One token for the life of the process; only its SHA-256 stays in memory, compared in constant time. */
export class SingleAccessToken implements AccessTokens {
  readonly #digest: Uint8Array;
  readonly #grant: Grant;

  constructor(token: string, grant: Grant) {
    this.#digest = digest(token);
    this.#grant = grant;
  }

  grantOf(token: string): Grant | undefined {
    return timingSafeEqual(digest(token), this.#digest) ? this.#grant : undefined;
  }
}

function digest(token: string): Uint8Array {
  return createHash("sha256").update(token, "utf8").digest();
}
