import type { JWTPayload } from "jose";

import { isScope, type Scope } from "../scopes.ts";
import type { TrustedIssuer } from "./trusted-issuers.ts";

/** What the token's claim gives by the issuer's mapping; values that nobody mapped give nothing. */
export function grantedScopes(
  payload: JWTPayload,
  { scopesClaim, scopesOf }: Pick<TrustedIssuer, "scopesClaim" | "scopesOf">,
): Scope[] {
  const mapping = scopesOf === undefined ? undefined : new Map(Object.entries(scopesOf));
  const given = valuesOf(claimAt(payload, scopesClaim)).flatMap((value): readonly Scope[] => {
    if (mapping !== undefined) return mapping.get(value) ?? [];
    return isScope(value) ? [value] : [];
  });
  return [...new Set(given)];
}

function claimAt(payload: JWTPayload, path: readonly string[]): unknown {
  let claim: unknown = payload;
  for (const name of path) {
    if (typeof claim !== "object" || claim === null) return undefined;
    claim = new Map<string, unknown>(Object.entries(claim)).get(name);
  }
  return claim;
}

/** RFC 8693 section 4.2 writes scopes as one string with spaces; many issuers write roles as a list. */
function valuesOf(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((one): one is string => typeof one === "string") : [];
}
