import { readFile } from "node:fs/promises";
import { configurationDigest } from "@cloister/attestation";
import { developmentEvidence } from "@cloister/keyring/development";
import { embeddedCapabilities } from "@cloister/policy";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { openDatabase } from "@cloister/storage";
import { LocalKeyring } from "./adapters/local-keyring.ts";
import { keysEnvironment } from "./keys.config.ts";
import { startKeys } from "./start-keys.ts";

await runMain("keys", async () => {
  const environment = keysEnvironment.parse(process.env);
  const log = createLog({ service: "keys" });
  const keyWrapper = await LocalKeyring.open(environment.keyringFile);
  const evidence = await developmentEvidence({
    role: "keys",
    rootFile: environment.simulatedRootFile,
    codeFolder: import.meta.dirname,
    clock,
  });
  const digest = configurationDigest(await readFile(environment.configurationFile));
  const url = environment.databaseUrl.reveal();
  const db = await openDatabase({ engine: "postgres", url, applicationName: "keys" });
  return startKeys(
    {
      grpc: { host: environment.host, port: environment.port },
      http: { host: environment.host, port: environment.healthPort },
      credentials: {
        authority: environment.authorityToken.reveal(),
        release: environment.releaseToken.reveal(),
        lifecycle: environment.lifecycleToken.reveal(),
      },
      configurationDigest: digest,
      simulatedRoots: evidence.simulatedRoots,
      allowDevelopment: true,
      capabilities: embeddedCapabilities,
    },
    { db, keyWrapper, evidence: evidence.source, verifiers: evidence.verifiers, clock, log },
  );
});
