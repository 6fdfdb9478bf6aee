import type { Failpoints, MessageLog } from "@cloister/messaging";
import type { Clock, Log, Secret } from "@cloister/service";
import type { Database, LiveFrames, WakeUps } from "@cloister/storage";
import type { Transport } from "@connectrpc/connect";
import type { TrustedIssuer } from "./access/oidc/trusted-issuers.ts";
import type { IngestLimits } from "./limits/ingest-limits.ts";
import type { Rates } from "./limits/rate-limit.ts";

/** What ingest is given by whoever starts it. */
export interface IngestPorts {
  readonly db: Database;
  readonly messages: MessageLog;
  readonly wakeUps: WakeUps;
  /** Where inference shows running answers; without it readers see them when they are whole. */
  readonly liveFrames?: LiveFrames;
  /** Limits that all instances share; without them each counts for itself, as it does while they can't be asked. */
  readonly sharedRates?: Rates;
  /** To the Authority door of `keys`. */
  readonly keysTransport: Transport;
  /** To the Authority doors of tenants that run `keys` themselves, by tenant id in hex; none by default. */
  readonly tenantKeysTransports?: ReadonlyMap<string, Transport>;
  /** Given the token of this start before a door opens: who finds ingest ready finds the token, too. */
  readonly keepAccessToken?: (token: Secret) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly failpoints?: Failpoints;
}

/** How ingest behaves. Times are in milliseconds. */
export interface IngestSettings {
  /** Longest silence on a stream of replies. */
  readonly keepAliveMs: number;
  /** How long a reader waits before it connects again. */
  readonly reconnectMs: number;
  /** How long a tenant's policy is used before `keys` is asked for a newer one. */
  readonly policyCacheMs: number;
  /** How long a look at an access token counts: a revoked one stops working, and ends its streams, within it. */
  readonly accessCacheMs: number;
  /** The region that this cell's operator states. */
  readonly region?: { readonly name: string; readonly isAttested: boolean };
}

export interface IngestConfig extends Partial<IngestSettings> {
  /** Where to listen; port 0 picks a free one. */
  readonly http: { readonly host: string; readonly port: number };
  /** The only tenant that the token of this start is good for, 32 hex digits; missing: every tenant. */
  readonly tenantIdHex?: string;
  /** Whose logins are taken for tokens, and for which tenant; missing: nobody's. */
  readonly oidcIssuers?: readonly TrustedIssuer[];
  /** Where `/metrics` listens, which is not for the public; missing: nowhere. */
  readonly metricsHttp?: { readonly host: string; readonly port: number };
  /** Those that are missing are the defaults. */
  readonly limits?: Partial<IngestLimits>;
  /** Addresses and ranges of proxies whose X-Forwarded-For counts; missing: none. */
  readonly trustedProxies?: readonly string[];
  /** Tenants with topics of their own on the log, 32 hex digits each; missing: none. */
  readonly tenantTopics?: readonly string[];
  /** Origins of browser apps that may call the doors; missing: none. */
  readonly corsOrigins?: readonly string[];
}

export const defaultSettings: IngestSettings = {
  keepAliveMs: 15_000,
  reconnectMs: 1_000,
  policyCacheMs: 30_000,
  accessCacheMs: 5_000,
};

/** Injection tokens of the clock and the settings. */
export const CLOCK = Symbol("Clock");
export const SETTINGS = Symbol("IngestSettings");
