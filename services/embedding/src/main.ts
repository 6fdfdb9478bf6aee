import { keyringFromEnvironment, openMachine } from "@cloister/keyring/machine";
import { messageLogFromEnvironment, parkingLimits } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { staticEmbedder, vectorIndexFromEnvironment } from "@cloister/retrieval";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { databaseOptions, openDatabase } from "@cloister/storage";
import { codeFolder } from "./code-folder.ts";
import { embeddingConfig } from "./embedding.config.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startEmbedding } from "./start-embedding.ts";

await runMain("embedding", async () => {
  const config = embeddingConfig.parse(process.env);
  const log = createLog({ service: "embedding" });
  const configuration = securityConfiguration();
  const machine = await openMachine(config, { role: "embedding", code: codeFolder, configuration, clock, log });
  const keyring = await keyringFromEnvironment(config, machine, { role: "embedding", clock, log });
  const db = await openDatabase(await databaseOptions(config, "embedding"));
  const messages = await messageLogFromEnvironment(config, { service: "embedding", db, clock, log });
  const embedder = staticEmbedder();
  const index = await vectorIndexFromEnvironment(config, db, embedder.model);
  const service = await startEmbedding(
    { http: { host: config.host, port: config.port }, parking: parkingLimits(config) },
    { db, messages, keyring, clock, log, index, embedder },
  );
  return withOperations(service, config, { clock, log });
});
