import type { Scope } from "./scopes.ts";

/** All that is kept of an issued token. The token itself is shown once and kept nowhere. */
export interface TokenRecord {
  /** UUIDv7 as 32 hex digits: ids grow with time. */
  readonly id: string;
  /** Null: every tenant of this deployment. */
  readonly tenantIdHex: string | null;
  readonly scopes: readonly Scope[];
  readonly label: string;
  readonly createdAtMs: number;
  /** Id of the token that made it; null for the token of a start and for a login elsewhere. */
  readonly createdBy: string | null;
  readonly expiresAtMs: number;
  /** To the minute. */
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
}

/** Whose tokens are meant: one tenant's, or everybody's. */
export interface TokenOwner {
  readonly tenantIdHex: string | undefined;
}

export interface TokenPage {
  /** The newest first. */
  readonly tokens: readonly TokenRecord[];
  /** Id to go on after; null when there is no more. */
  readonly nextAfter: string | null;
}

/** Where issued tokens are kept. */
export interface TokenStore {
  /** False when the owner has as many live tokens as it may have. Forgets tokens that ended long ago. */
  add(token: TokenRecord, digest: Uint8Array): Promise<boolean>;
  find(digest: Uint8Array): Promise<TokenRecord | undefined>;
  markUsed(id: string, nowMs: number): Promise<void>;
  list(owner: TokenOwner, page: { readonly after: string | undefined; readonly limit: number }): Promise<TokenPage>;
  /** The digest of the owner's token, revoked now or before; undefined when the owner has no such token. */
  revoke(owner: TokenOwner, id: string, nowMs: number): Promise<Uint8Array | undefined>;
}
