import { keyringFromEnvironment, openMachine } from "@cloister/keyring/machine";
import { messageLogFromEnvironment, parkingLimits } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { passageReaderFromEnvironment } from "@cloister/retrieval";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { databaseOptions, openDatabase } from "@cloister/storage";
import { openRedis } from "@cloister/storage/redis";
import { codeFolder } from "./code-folder.ts";
import { configuredModel } from "./configured-model.ts";
import { inferenceConfig } from "./inference.config.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startInference } from "./start-inference.ts";

await runMain("enclave-inference", async () => {
  const config = inferenceConfig.parse(process.env);
  const log = createLog({ service: "enclave-inference" });
  const { runtime, choices } = configuredModel(config);
  const configuration = securityConfiguration(choices);
  const machine = await openMachine(config, { role: "enclave-inference", code: codeFolder, configuration, clock, log });
  const keyring = await keyringFromEnvironment(config, machine, { role: "enclave-inference", clock, log });
  const db = await openDatabase(await databaseOptions(config, "enclave-inference"));
  const messages = await messageLogFromEnvironment(config, { service: "enclave-inference", db, clock, log });
  const redis = await openRedis(config, log);
  const passages = await passageReaderFromEnvironment(config, db);
  const service = await startInference(
    {
      http: { host: config.host, port: config.port },
      parking: parkingLimits(config),
      maxConcurrentAnswers: config.maxConcurrentAnswers,
    },
    { db, messages, keyring, runtime, clock, log, passages, ...(redis && { liveFrames: redis.liveFrames }) },
  );
  return withOperations(service, config, { clock, log });
});
