import { keyringVariables, machineVariables } from "@cloister/keyring/machine";
import { logVariables, parkingVariables } from "@cloister/messaging";
import { operationsVariables } from "@cloister/messaging/operations";
import { vectorVariables } from "@cloister/retrieval";
import { defineConfig, portNumber, variable } from "@cloister/service";
import { databaseVariables } from "@cloister/storage";
import { z } from "zod";

/** Every environment variable that embedding reads. */
export const embeddingConfig = defineConfig({
  host: variable("CLOISTER_EMBEDDING_HOST", z.string().min(1), {
    description: "Address that health and metrics listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_EMBEDDING_PORT", portNumber, {
    description: "Port that health and metrics listen on; 0 picks a free one",
    default: "8084",
  }),
  ...databaseVariables("the schema of embedding: sealed passages"),
  ...vectorVariables,
  ...keyringVariables,
  ...machineVariables,
  ...parkingVariables,
  ...logVariables,
  ...operationsVariables,
});
