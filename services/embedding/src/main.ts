import { keyringFromEnvironment } from "@cloister/keyring/simulated";
import { parkingLimits, pipelineTopics, PostgresMessageLog } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";
import { codeFolder } from "./code-folder.ts";
import { embeddingConfig } from "./embedding.config.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startEmbedding } from "./start-embedding.ts";

await runMain("embedding", async () => {
  const config = embeddingConfig.parse(process.env);
  const log = createLog({ service: "embedding" });
  const keyring = await keyringFromEnvironment(config, {
    role: "embedding",
    code: codeFolder,
    configuration: securityConfiguration(),
    clock,
  });
  const db = await openDatabase({
    engine: "postgres",
    url: config.databaseUrl.reveal(),
    applicationName: "embedding",
  });
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
  await messages.ensureTopics(pipelineTopics);
  const service = await startEmbedding(
    { http: { host: config.host, port: config.port }, parking: parkingLimits(config) },
    { db, messages, keyring, clock, log },
  );
  return withOperations(service, config, { clock, log });
});
