import { writeFile } from "node:fs/promises";

import { PostgresMessageLog } from "@cloister/messaging";
import { createLog, runMain, systemClock } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { ingestConfig } from "./ingest.config.ts";
import { startIngest } from "./start-ingest.ts";

await runMain("ingest", async () => {
  const { host, port, databaseUrl, keysUrl, accessTokenFile, tenantIdHex, region, ...times } = ingestConfig.parse(
    process.env,
  );
  const log = createLog({ service: "ingest" });
  const clock = systemClock;
  const db = await openDatabase({ engine: "postgres", url: databaseUrl.reveal(), applicationName: "ingest" });
  const wakeUps = wakeUpsFor(db);
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps });
  const config = {
    ...times,
    http: { host, port },
    ...(tenantIdHex !== undefined && { tenantIdHex }),
    ...(region !== undefined && { region: { name: region, isAttested: false } }),
  };
  const keysTransport = createGrpcTransport({ baseUrl: keysUrl });
  const ingest = await startIngest(config, { db, messages, wakeUps, keysTransport, clock, log });
  await writeFile(accessTokenFile, ingest.accessToken.reveal(), { mode: 0o600 });
  return ingest;
});
