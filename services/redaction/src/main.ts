import { keyringFromEnvironment } from "@cloister/keyring/simulated";
import { parkingLimits, pipelineTopics, PostgresMessageLog } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";
import { codeFolder } from "./code-folder.ts";
import { redactionConfig } from "./redaction.config.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startRedaction } from "./start-redaction.ts";

await runMain("redaction", async () => {
  const config = redactionConfig.parse(process.env);
  const log = createLog({ service: "redaction" });
  const keyring = await keyringFromEnvironment(config, {
    role: "redaction",
    code: codeFolder,
    configuration: securityConfiguration({ ...(config.region !== undefined && { region: config.region }) }),
    clock,
  });
  const db = await openDatabase({
    engine: "postgres",
    url: config.databaseUrl.reveal(),
    applicationName: "redaction",
  });
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
  await messages.ensureTopics(pipelineTopics);
  const { host, port, region } = config;
  const service = await startRedaction(
    {
      http: { host, port },
      parking: parkingLimits(config),
      ...(region !== undefined && { region: { name: region, isAttested: false } }),
    },
    { db, messages, keyring, clock, log },
  );
  return withOperations(service, config, { clock, log });
});
