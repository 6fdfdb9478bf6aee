import { deepModelFolder, measureNamesModel } from "@cloister/deep-names";
import { keyringFromEnvironment, openMachine } from "@cloister/keyring/machine";
import { messageLogFromEnvironment, parkingLimits } from "@cloister/messaging";
import { withOperations } from "@cloister/messaging/operations";
import { createLog, runMain, systemClock as clock } from "@cloister/service";
import { databaseOptions, openDatabase } from "@cloister/storage";
import { codeFolder } from "./code-folder.ts";
import { refusingModel } from "./refusing-model.ts";
import { redactionConfig } from "./redaction.config.ts";
import { securityConfiguration } from "./security-configuration.ts";
import { startRedaction } from "./start-redaction.ts";

await runMain("redaction", async () => {
  const config = redactionConfig.parse(process.env);
  const log = createLog({ service: "redaction" });
  const { host, port, region, namesModelFolder } = config;
  const namesModel =
    namesModelFolder === undefined
      ? undefined
      : await refusingModel(measureNamesModel(namesModelFolder === "deep" ? deepModelFolder : namesModelFolder));
  const configuration = securityConfiguration({
    ...(region !== undefined && { region }),
    ...(namesModel && { namesModelDigestHex: namesModel.digestHex }),
  });
  const machine = await openMachine(config, { role: "redaction", code: codeFolder, configuration, clock, log });
  const keyring = await keyringFromEnvironment(config, machine, { role: "redaction", clock, log });
  const db = await openDatabase(await databaseOptions(config, "redaction"));
  const messages = await messageLogFromEnvironment(config, { service: "redaction", db, clock, log });
  const service = await startRedaction(
    {
      http: { host, port },
      parking: parkingLimits(config),
      // Under a policy that demands proof of a region, hardware without such proof is given no key.
      ...(region !== undefined && { region: { name: region, isAttested: !machine.isDevelopment } }),
      ...(namesModel && { namesModel }),
    },
    { db, messages, keyring, clock, log },
  );
  return withOperations(service, config, { clock, log });
});
