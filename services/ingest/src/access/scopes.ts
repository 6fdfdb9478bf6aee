/** What a token may be good for: closed, and each door names the one that it needs. */
export const scopes = [
  "messages:send",
  "conversations:open",
  "replies:read",
  "policy:read",
  "policy:apply",
  "tokens:manage",
] as const;

export type Scope = (typeof scopes)[number];

/** For people who choose scopes. */
export const scopeMeanings: Readonly<Record<Scope, string>> = {
  "messages:send": "send sealed messages",
  "conversations:open": "open and renew conversations; includes policy:read",
  "replies:read": "read sealed replies; includes policy:read",
  "policy:read": "read the signed policy and the evidence beside it",
  "policy:apply": "hand in a signed policy, unlock and rotate keys; includes policy:read",
  "tokens:manage": "make, list and revoke access tokens, with no more than these scopes",
};

/** Whoever seals or reads has to verify first, by what policy:read shows: it is signed, and no secret of its tenant. */
const included: Readonly<Partial<Record<Scope, readonly Scope[]>>> = {
  "conversations:open": ["policy:read"],
  "replies:read": ["policy:read"],
  "policy:apply": ["policy:read"],
};

export function isScope(text: string): text is Scope {
  return scopes.some((scope) => scope === text);
}

/** True when one of the scopes is the needed one or includes it. */
export function allows(granted: Iterable<Scope>, needed: Scope): boolean {
  for (const scope of granted) {
    if (scope === needed || included[scope]?.includes(needed) === true) return true;
  }
  return false;
}
