import { keyringVariables, machineVariables } from "@cloister/keyring/machine";
import { logVariables, parkingVariables } from "@cloister/messaging";
import { operationsVariables } from "@cloister/messaging/operations";
import { defineConfig, portNumber, variable } from "@cloister/service";
import { databaseVariables } from "@cloister/storage";
import { z } from "zod";

/** Every environment variable that redaction reads. */
export const redactionConfig = defineConfig({
  host: variable("CLOISTER_REDACTION_HOST", z.string().min(1), {
    description: "Address that health and metrics listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_REDACTION_PORT", portNumber, {
    description: "Port that health and metrics listen on; 0 picks a free one",
    default: "8082",
  }),
  ...databaseVariables("redaction's schema: sealed placeholder maps, sequence windows"),
  region: variable("CLOISTER_REGION", z.string().min(1).optional(), {
    description: "Region that this cell runs in, as its operator states it; policies with residency ask for it",
  }),
  namesModelFolder: variable("CLOISTER_REDACTION_ONNX_MODEL", z.string().min(1).optional(), {
    description:
      "`deep` for the names model that comes along and is asked where a policy says so, or a folder with model.onnx, tokenizer.json and config.json of a token classifier of yours that reads every text; its digest enters the security configuration, so a policy allows it by measurement",
  }),
  ...keyringVariables,
  ...machineVariables,
  ...parkingVariables,
  ...logVariables,
  ...operationsVariables,
});
