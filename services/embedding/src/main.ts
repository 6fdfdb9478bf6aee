import { readFile } from "node:fs/promises";
import { Keyring, keysTransport } from "@cloister/keyring";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { PostgresMessageLog } from "@cloister/messaging";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";
import { codeFolder, securityConfiguration, startEmbedding } from "./index.ts";
import { embeddingConfig } from "./embedding.config.ts";

await runMain("embedding", async () => {
  const config = embeddingConfig.parse(process.env);
  const log = createLog({ service: "embedding" });
  const machine = await SimulatedMachine.open(config.simulatedRootFile);
  const attested = await machine.attest("embedding", {
    code: codeFolder,
    configuration: securityConfiguration(),
    clock,
  });
  const credential = (await readFile(config.releaseTokenFile, "utf8")).trim();
  const keys = new Keyring({
    role: "embedding",
    transport: keysTransport({ url: config.keysUrl, credential }),
    ...attested,
    allowDevelopment: true,
    clock,
  });
  const db = await openDatabase({
    engine: "postgres",
    url: config.databaseUrl.reveal(),
    applicationName: "embedding",
  });
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
  return startEmbedding({ http: { host: config.host, port: config.port } }, { db, messages, keys, clock, log });
});
