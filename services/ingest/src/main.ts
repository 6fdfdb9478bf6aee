import { keysTransport } from "@cloister/keyring";
import { pipelineTopics, PostgresMessageLog } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { createLog, readSecretFile, runMain, systemClock, writeSecretFile } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";

import { ingestConfig } from "./ingest.config.ts";
import { limitsConfig } from "./limits/limit-variables.ts";
import { startIngest } from "./start-ingest.ts";

await runMain("ingest", async () => {
  const environment = ingestConfig.parse(process.env);
  const { host, port, databaseUrl, keysUrl, authorityTokenFile, accessTokenFile, tenantIdHex, oidcIssuers, region } =
    environment;
  const { metricsHost, metricsPort, corsOrigins, trustedProxies } = environment;
  const { keepAliveMs, reconnectMs, accessCacheMs, policyCacheMs } = environment;
  const log = createLog({ service: "ingest" });
  const clock = systemClock;
  const db = await openDatabase({ engine: "postgres", url: databaseUrl.reveal(), applicationName: "ingest" });
  const wakeUps = wakeUpsFor(db);
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps });
  await messages.ensureTopics(pipelineTopics);
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
    ...(tenantIdHex !== undefined && { tenantIdHex }),
    ...(region !== undefined && { region: { name: region, isAttested: false } }),
  };
  const credential = await readSecretFile(authorityTokenFile);
  const toKeys = keysTransport({ url: keysUrl, credential });
  const ingest = await startIngest(config, { db, messages, wakeUps, keysTransport: toKeys, clock, log });
  await writeSecretFile(accessTokenFile, ingest.accessToken.reveal());
  return withOperations(ingest, environment, { clock, log });
});
