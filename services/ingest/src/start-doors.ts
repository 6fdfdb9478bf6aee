import type { ClientBounds, Clock } from "@cloister/service";
import type { NestFastifyApplication } from "@nestjs/platform-fastify";

import type { AccessTokens } from "./access/access-tokens.ts";
import { MemoryRateLimit } from "./adapters/memory-rate-limit.ts";
import { takeBinaryBodies } from "./http/bodies.ts";
import { letBrowsersIn } from "./http/browsers.ts";
import { Doorkeeper } from "./http/doorkeeper.ts";
import { OpenResponses } from "./http/open-responses.ts";
import type { IngestMetrics } from "./ingest.metrics.ts";
import type { IngestConfig } from "./ingest.ports.ts";
import { TrustedProxies } from "./limits/addresses.ts";
import { boundConnections } from "./limits/connections.ts";
import { defaultLimits } from "./limits/ingest-limits.ts";
import { RateWithBursts, type RateBounds, type RateLimit, type Rates } from "./limits/rate-limit.ts";
import { SturdyRateLimit } from "./limits/sturdy-rate-limit.ts";

export interface DoorParts {
  readonly tokens: AccessTokens;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  readonly accessCacheMs: number;
  /** Limits that all instances share; missing: each counts for itself. */
  readonly sharedRates?: Rates;
}

/** What stands before the doors: limits, access, browsers. */
export interface Doors {
  readonly open: OpenResponses;
  /** By tenant, whichever way its messages come. */
  readonly tenantRate: Pick<RateLimit, "take">;
  readonly clients: ClientBounds;
  readonly configure: (app: NestFastifyApplication) => void;
}

export function startDoors(config: IngestConfig, parts: DoorParts): Doors {
  const { tokens, clock, metrics, accessCacheMs } = parts;
  const limits = { ...defaultLimits, ...config.limits };
  const proxies = new TrustedProxies(config.trustedProxies ?? []);
  const open = new OpenResponses({ tokens, clock, metrics, limits, accessCacheMs });
  const rates = ratesOf(parts);
  const tenantRate = new RateWithBursts(
    rates("tenant", { points: limits.tenantRequestsPerSecond, windowMs: 1_000 }),
    rates("tenant-burst", { points: limits.tenantBurst, windowMs: 10_000 }),
  );
  const addressRate = rates("address", { points: limits.addressRequestsPerMinute, windowMs: 60_000 });
  const doorkeeper = new Doorkeeper({ tokens, tenantRate, addressRate, open });
  const { headersTimeoutMs, requestTimeoutMs } = limits;
  return {
    open,
    tenantRate,
    clients: { headersTimeoutMs, requestTimeoutMs, isTrustedProxy: (address) => proxies.has(address) },
    configure: (app) => {
      takeBinaryBodies(app);
      letBrowsersIn(app, config.corsOrigins ?? []);
      boundConnections(app.getHttpServer(), { limits, proxies, metrics });
      // After every onRequest hook, so that a browser may read refusals, and before the body.
      const fastify = app.getHttpAdapter().getInstance();
      fastify.addHook("preParsing", async (request, reply) => {
        await doorkeeper.admit(request, reply);
      });
    },
  };
}

function ratesOf({ sharedRates, clock, metrics }: DoorParts): Rates {
  return (name, bounds: RateBounds): RateLimit => {
    const own = new MemoryRateLimit(bounds);
    if (sharedRates === undefined) return own;
    return new SturdyRateLimit({
      shared: sharedRates(name, bounds),
      own,
      clock,
      onOwn: () => metrics.limitedByItself(),
    });
  };
}
