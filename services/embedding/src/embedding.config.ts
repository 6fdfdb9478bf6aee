import { defineConfig, secretVariable, variable, type ConfigFrom } from "@cloister/service";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

/** Every environment variable that embedding reads. */
export const embeddingConfig = defineConfig({
  host: variable("CLOISTER_EMBEDDING_HOST", z.string().min(1), {
    description: "Address that health and metrics listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_EMBEDDING_PORT", port, {
    description: "Port that health and metrics listen on; 0 picks a free one",
    default: "8084",
  }),
  databaseUrl: secretVariable("CLOISTER_DATABASE_URL", z.url({ protocol: /^postgres(?:ql)?$/u }), {
    description: "PostgreSQL with the schema of embedding: sealed passages",
  }),
  keysUrl: variable("CLOISTER_KEYS_URL", z.url({ protocol: /^https?$/u }), {
    description: "Where the Release door of keys listens (gRPC)",
  }),
  releaseTokenFile: variable("CLOISTER_KEYS_RELEASE_TOKEN_FILE", z.string().min(1), {
    description: "File with the credential of the Release door; what may be read is decided by evidence, not by it",
  }),
  simulatedRootFile: variable("CLOISTER_SIMULATED_ROOT_FILE", z.string().min(1), {
    description: "Root key of simulated evidence (development): a file, 0600, made when absent",
  }),
});

export type EmbeddingEnvironment = ConfigFrom<typeof embeddingConfig>;
