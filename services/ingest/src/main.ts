import { keysTransport, readTenantKeys } from "@cloister/keyring";
import { messageLogFromEnvironment } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { createLog, readSecretFile, runMain, systemClock, writeSecretFile, type Secret } from "@cloister/service";
import { databaseOptions, openDatabase, wakeUpsFor } from "@cloister/storage";
import { openRedis, type RedisSignals } from "@cloister/storage/redis";

import { redisRates } from "./adapters/redis-rate-limit.ts";
import { ingestConfig } from "./ingest.config.ts";
import { limitsConfig } from "./limits/limit-variables.ts";
import { startIngest } from "./start-ingest.ts";

await runMain("ingest", async () => {
  const environment = ingestConfig.parse(process.env);
  const { host, port, keysUrl, authorityTokenFile, accessTokenFile, tenantIdHex, oidcIssuers, region } = environment;
  const { metricsHost, metricsPort, corsOrigins, trustedProxies, tenantTopics } = environment;
  const { keepAliveMs, reconnectMs, accessCacheMs, policyCacheMs } = environment;
  const log = createLog({ service: "ingest" });
  const clock = systemClock;
  const db = await openDatabase(await databaseOptions(environment, "ingest"));
  const wakeUps = wakeUpsFor(db);
  const messages = await messageLogFromEnvironment(environment, { service: "ingest", db, clock, log, wakeUps });
  const config = {
    keepAliveMs,
    reconnectMs,
    accessCacheMs,
    oidcIssuers,
    policyCacheMs,
    http: { host, port },
    metricsHttp: { host: metricsHost, port: metricsPort },
    limits: limitsConfig.parse(process.env),
    corsOrigins,
    trustedProxies,
    tenantTopics,
    ...(tenantIdHex !== undefined && { tenantIdHex }),
    // What ingest carries is sealed, and it proves nothing; who opens it proves its region before it is given a key.
    ...(region !== undefined && { region: { name: region, isAttested: true } }),
  };
  const credential = await readSecretFile(authorityTokenFile);
  const toKeys = keysTransport({ url: keysUrl, credential });
  // Without Redis: wake-ups through PostgreSQL, limits of each instance, answers shown when they are whole.
  const redis = await openRedis(environment, log);
  const addresses = await readTenantKeys(environment.tenantKeysFile, "authority");
  const tenantKeysTransports = new Map([...addresses].map(([tenant, address]) => [tenant, keysTransport(address)]));
  const keepAccessToken = (token: Secret) => writeSecretFile(accessTokenFile, token.reveal());
  const ports = { db, messages, wakeUps, keysTransport: toKeys, tenantKeysTransports, keepAccessToken, clock, log };
  const ingest = await startIngest(config, { ...ports, ...(redis && sharedBy(redis, credential)) });
  return withOperations(ingest, environment, { clock, log });
});

function sharedBy({ connection, wakeUps, liveFrames }: RedisSignals, credential: string) {
  return { wakeUps, liveFrames, sharedRates: redisRates(connection, credential) };
}
