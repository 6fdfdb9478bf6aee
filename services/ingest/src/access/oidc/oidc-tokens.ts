import type { Clock } from "@cloister/service";
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";

import type { Grant, TokenKind } from "../access-tokens.ts";
import { invalidToken, tokenExpired } from "../refusals.ts";
import { grantedScopes } from "./granted-scopes.ts";
import type { TrustedIssuer } from "./trusted-issuers.ts";

/** Where an issuer's keys come from. */
export interface IssuerKeys {
  /**
   * Finds the key that a token's header names.
   * @throws ProblemError ISSUER_UNAVAILABLE; JOSEError when the issuer has no such key
   */
  readonly keyOf: JWTVerifyGetKey;
}

export interface OidcTokensParts {
  readonly issuers: readonly TrustedIssuer[];
  readonly keysOf: (issuer: TrustedIssuer) => IssuerKeys;
  readonly clock: Clock;
}

/** Signatures alone: a MAC would have a public key for its secret, and `none` is none (RFC 8725 section 3.1). */
const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** How far the clocks of issuer and ingest may be apart. */
const skewSeconds = 30;
/** Three base64url parts; the last is empty when nobody signed. */
const form = /^[\w-]+\.[\w-]+\.[\w-]*$/u;

/** JWTs (RFC 7519) of the issuers that tenants trust with their transport. */
export class OidcTokens implements TokenKind {
  readonly #clock: Clock;
  /** By issuer, as it stands in `iss`. */
  readonly #trusted = new Map<string, { readonly keys: IssuerKeys; readonly audiences: TrustedIssuer[] }>();

  constructor({ issuers, keysOf, clock }: OidcTokensParts) {
    this.#clock = clock;
    for (const one of issuers) {
      const known = this.#trusted.get(one.issuer);
      if (known === undefined) this.#trusted.set(one.issuer, { keys: keysOf(one), audiences: [one] });
      else known.audiences.push(one);
    }
  }

  isOurs(token: string): boolean {
    return form.test(token);
  }

  async grantOf(token: string): Promise<Grant> {
    // Read before it is verified, to find out who has to verify it; nothing else is taken from it.
    const { iss } = unverified(token);
    const trusted = this.#trusted.get(iss ?? "");
    if (trusted === undefined) throw invalidToken("TOKEN_ISSUER_UNKNOWN", "No tenant here trusts the token's issuer.");
    const payload = await this.#verified(token, trusted.keys, trusted.audiences);
    const { tenantIdHex, ...mapping } = audienceOf(payload, trusted.audiences);
    // `exp` was required. What a login makes ends with it: nobody here is told when its issuer shuts somebody out.
    const expiresAtMs = Math.floor((payload.exp ?? 0) * 1_000);
    return { tenantIdHex, scopes: grantedScopes(payload, mapping), tokenId: undefined, expiresAtMs };
  }

  async #verified(token: string, { keyOf }: IssuerKeys, audiences: readonly TrustedIssuer[]): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        algorithms,
        issuer: audiences.map(({ issuer }) => issuer),
        audience: audiences.map(({ audience }) => audience),
        requiredClaims: ["exp"],
        clockTolerance: skewSeconds,
        currentDate: new Date(this.#clock.nowMs()),
      });
      return payload;
    } catch (error) {
      throw error instanceof errors.JOSEError ? refusalOf(error) : error;
    }
  }
}

function unverified(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    throw invalidToken("TOKEN_INVALID", "The access token is no JSON Web Token.");
  }
}

/** @throws ProblemError TOKEN_AUDIENCE_WRONG when the token names the audiences of two tenants */
function audienceOf({ aud = [] }: JWTPayload, audiences: readonly TrustedIssuer[]): TrustedIssuer {
  const [only, ...others] = audiences.filter(({ audience }) => [aud].flat().includes(audience));
  if (only !== undefined && others.length === 0) return only;
  throw invalidToken("TOKEN_AUDIENCE_WRONG", "The token is for several audiences of this deployment: get it for one.");
}

function refusalOf(error: errors.JOSEError): Error {
  if (error instanceof errors.JWTExpired) return tokenExpired();
  const claim = error instanceof errors.JWTClaimValidationFailed ? error.claim : undefined;
  switch (claim) {
    case "aud":
      return invalidToken("TOKEN_AUDIENCE_WRONG", "The token was issued for another audience than this deployment.");
    case "nbf":
      return invalidToken("TOKEN_NOT_YET_VALID", "The token is not valid yet. Look at the clocks of both sides.");
    default:
      return invalidToken("TOKEN_INVALID", "The token's signature, key, algorithm or claims are not its issuer's.");
  }
}
