import { keysTransport, readTenantKeys } from "@cloister/keyring";
import { vectorsToEndFromEnvironment } from "@cloister/retrieval";
import {
  createLog,
  readSecretFile,
  runMain,
  systemClock as clock,
  writeSecretFile,
  type Secret,
} from "@cloister/service";
import { databaseOptions, openDatabase } from "@cloister/storage";
import { retentionConfig } from "./retention.config.ts";
import { startRetention } from "./start-retention.ts";

await runMain("retention", async () => {
  const environment = retentionConfig.parse(process.env);
  const { host, port, keysUrl, lifecycleTokenFile, accessTokenFile, intervalMs } = environment;
  const { messageLog, kafkaFlowDays } = environment;
  const log = createLog({ service: "retention" });
  const credential = await readSecretFile(lifecycleTokenFile);
  const db = await openDatabase(await databaseOptions(environment, "retention"));
  const vectors = await vectorsToEndFromEnvironment(environment, db);
  const addresses = await readTenantKeys(environment.tenantKeysFile, "lifecycle");
  const tenantKeysTransports = new Map([...addresses].map(([tenant, address]) => [tenant, keysTransport(address)]));
  const keepAccessToken = (token: Secret) => writeSecretFile(accessTokenFile, token.reveal());
  return startRetention(
    { http: { host, port }, intervalMs, ...(messageLog === "kafka" && { kafkaFlowDays }) },
    {
      db,
      keysTransport: keysTransport({ url: keysUrl, credential }),
      tenantKeysTransports,
      vectors,
      keepAccessToken,
      clock,
      log,
    },
  );
});
