import type { Clock } from "@cloister/service";
import type { Kysely } from "kysely";

import { StartToken, TokensByKind, type AccessTokens } from "./access/access-tokens.ts";
import { IssuedTokens } from "./access/issued-tokens.ts";
import { OidcTokens } from "./access/oidc/oidc-tokens.ts";
import { newToken } from "./access/token-format.ts";
import { DiscoveredKeys } from "./adapters/discovered-keys.ts";
import { SqlTokenStore } from "./adapters/sql-token-store.ts";
import type { IngestConfig } from "./ingest.ports.ts";
import type { IngestTables } from "./tables.ts";

export interface AccessParts {
  readonly db: Kysely<IngestTables>;
  readonly clock: Clock;
  readonly cacheMs: number;
}

/** Who may come in: the administration of this start, issued tokens, logins at trusted issuers. */
export interface Access {
  readonly tokens: AccessTokens;
  readonly issuedTokens: IssuedTokens;
  /** The administration's, to be handed to its owner. */
  readonly startToken: string;
}

export function startAccess(config: IngestConfig, { db, clock, cacheMs }: AccessParts): Access {
  const startToken = newToken();
  const issuedTokens = new IssuedTokens({ store: new SqlTokenStore(db), clock, cacheMs });
  const logins = new OidcTokens({
    issuers: config.oidcIssuers ?? [],
    keysOf: (issuer) => new DiscoveredKeys(issuer, { clock }),
    clock,
  });
  const administration = new StartToken(startToken, config.tenantIdHex);
  return { tokens: new TokensByKind([administration, issuedTokens, logins]), issuedTokens, startToken };
}
