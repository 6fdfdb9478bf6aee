import { readFile } from "node:fs/promises";
import { Keyring, keysTransport } from "@cloister/keyring";
import { SimulatedMachine } from "@cloister/keyring/simulated";
import { PostgresMessageLog } from "@cloister/messaging";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { openDatabase, wakeUpsFor } from "@cloister/storage";
import { codeFolder, securityConfiguration, startRedaction } from "./index.ts";
import { redactionConfig } from "./redaction.config.ts";

await runMain("redaction", async () => {
  const config = redactionConfig.parse(process.env);
  const log = createLog({ service: "redaction" });
  const machine = await SimulatedMachine.open(config.simulatedRootFile);
  const attested = await machine.attest("redaction", {
    code: codeFolder,
    configuration: securityConfiguration(),
    clock,
  });
  const credential = (await readFile(config.releaseTokenFile, "utf8")).trim();
  const keyring = new Keyring({
    role: "redaction",
    transport: keysTransport({ url: config.keysUrl, credential }),
    ...attested,
    allowDevelopment: true,
    clock,
  });
  const db = await openDatabase({
    engine: "postgres",
    url: config.databaseUrl.reveal(),
    applicationName: "redaction",
  });
  const messages = await PostgresMessageLog.open({ db, clock, log, wakeUps: wakeUpsFor(db) });
  return startRedaction({ http: { host: config.host, port: config.port } }, { db, messages, keyring, clock, log });
});
