import { createTlsIdentity, keysTransport } from "@cloister/keyring";
import { openMachine } from "@cloister/keyring/machine";
import { embeddedCapabilities } from "@cloister/policy";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { databaseOptions, openDatabase } from "@cloister/storage";
import { addedAuthoritiesDigest } from "./adapters/added-authorities.ts";
import { readCredential } from "./adapters/credential-file.ts";
import { readGpuKeys } from "./adapters/gpu-keys-file.ts";
import { openKms, openWithCredential } from "./adapters/open-kms.ts";
import { codeFolder } from "./code-folder.ts";
import { keysConfig } from "./keys.config.ts";
import { hasExternalKms } from "./kms/kms-variables.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startKeys } from "./start-keys.ts";

await runMain("keys", async () => {
  const environment = keysConfig.parse(process.env);
  const { host, port, healthPort, gpuKeysFile } = environment;
  const log = createLog({ service: "keys" });
  const gpu = gpuKeysFile === undefined ? undefined : await readGpuKeys(gpuKeysFile);
  const configuration = securityConfiguration({
    ...environment,
    ...(gpu && { gpuKeysDigestHex: gpu.digestHex }),
    ...(hasExternalKms(environment) && { addedAuthoritiesHex: addedAuthoritiesDigest() }),
  });
  const machine = await openMachine(environment, { role: "keys", code: codeFolder, configuration, clock, log });
  const { evidence, verifiers, configurationDigest, simulatedRoots, isDevelopment, nitroDocument } = machine;
  const kmsOptions = { clock, ...(nitroDocument && { document: nitroDocument }) };
  const credentials = {
    authority: await readCredential(environment.authorityTokenFile),
    release: await readCredential(environment.releaseTokenFile),
    lifecycle: await readCredential(environment.lifecycleTokenFile),
  };
  const keyWrapper = await openKms(environment, kmsOptions);
  const peers = environment.peers.map((url) => keysTransport({ url, credential: credentials.release }));
  const db = await openDatabase(await databaseOptions(environment, "keys"));
  return startKeys(
    {
      grpc: { host, port, tls: createTlsIdentity() },
      http: { host, port: healthPort },
      credentials,
      configurationDigest,
      simulatedRoots,
      allowDevelopment: isDevelopment,
      capabilities: {
        ...embeddedCapabilities,
        hardwareEvidence: !isDevelopment,
        attestedRegion: !isDevelopment,
        externalKms: hasExternalKms(environment),
      },
      kmsTimeoutMs: environment.kmsTimeoutMs,
      rates: environment,
      ...(environment.tenants && { tenants: environment.tenants }),
    },
    {
      db,
      keyWrapper,
      openWithCredential: openWithCredential(environment, kmsOptions),
      peers,
      evidence,
      verifiers,
      clock,
      log,
      ...(gpu && { gpuVerifier: gpu.verifier }),
    },
  );
});
