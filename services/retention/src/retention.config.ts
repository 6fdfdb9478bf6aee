import { tenantKeysVariable } from "@cloister/keyring";
import { logVariables } from "@cloister/messaging";
import { vectorVariables } from "@cloister/retrieval";
import { defineConfig, httpUrl, portNumber, variable } from "@cloister/service";
import { databaseVariables } from "@cloister/storage";
import { z } from "zod";

/** Every environment variable that retention reads. */
export const retentionConfig = defineConfig({
  host: variable("CLOISTER_RETENTION_HOST", z.string().min(1), {
    description: "Address to listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_RETENTION_PORT", portNumber, {
    description: "Port to listen on; 0 picks a free one",
    default: "8085",
  }),
  ...databaseVariables("the services' schemas; never that of keys"),
  ...vectorVariables,
  keysUrl: variable("CLOISTER_KEYS_URL", httpUrl, {
    description:
      "Where the Lifecycle door of keys listens (gRPC), https://HOST:PORT; both sides make their certificates themselves",
  }),
  lifecycleTokenFile: variable("CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE", z.string().min(1), {
    description: "File with the credential of the Lifecycle door: it can have keys destroyed and reads none",
  }),
  ...tenantKeysVariable,
  accessTokenFile: variable("CLOISTER_RETENTION_ACCESS_TOKEN_FILE", z.string().min(1), {
    description: "File (0600) that each start writes the random token of status and run to",
  }),
  intervalMs: variable("CLOISTER_RETENTION_INTERVAL_MS", z.coerce.number().int().min(1_000), {
    description: "How often retention looks for what is due, in milliseconds",
    default: "60000",
  }),
  // Where brokers keep the log, receipts say until when.
  messageLog: logVariables.messageLog,
  kafkaFlowDays: logVariables.kafkaFlowDays,
});
