import { SimulatedMachine } from "@cloister/keyring/simulated";
import { embeddedCapabilities } from "@cloister/policy";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { databaseOptions, openDatabase } from "@cloister/storage";
import { readCredential } from "./adapters/credential-file.ts";
import { openKms } from "./adapters/open-kms.ts";
import { codeFolder } from "./code-folder.ts";
import { keysConfig } from "./keys.config.ts";
import { hasExternalKms } from "./kms/kms-variables.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startKeys } from "./start-keys.ts";

await runMain("keys", async () => {
  const environment = keysConfig.parse(process.env);
  const { host, port, healthPort } = environment;
  const log = createLog({ service: "keys" });
  const machine = await SimulatedMachine.open(environment.simulatedRootFile);
  const { evidence, verifiers, configurationDigest } = await machine.attest("keys", {
    code: codeFolder,
    configuration: securityConfiguration(environment),
    clock,
  });
  const credentials = {
    authority: await readCredential(environment.authorityTokenFile),
    release: await readCredential(environment.releaseTokenFile),
    lifecycle: await readCredential(environment.lifecycleTokenFile),
  };
  const keyWrapper = await openKms(environment, { clock });
  const db = await openDatabase(await databaseOptions(environment, "keys"));
  return startKeys(
    {
      grpc: { host, port },
      http: { host, port: healthPort },
      credentials,
      configurationDigest,
      simulatedRoots: [machine.rootPublicKey],
      allowDevelopment: true,
      capabilities: { ...embeddedCapabilities, externalKms: hasExternalKms(environment) },
      kmsTimeoutMs: environment.kmsTimeoutMs,
    },
    { db, keyWrapper, evidence, verifiers, clock, log },
  );
});
