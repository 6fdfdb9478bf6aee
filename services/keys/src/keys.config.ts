import { defineConfig, secretVariable, variable, type ConfigFrom } from "@cloister/service";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);
const token = z.string().min(32);

/** The environment of a `keys` that runs as a process of its own. */
export const keysEnvironment = defineConfig({
  databaseUrl: secretVariable("CLOISTER_DATABASE_URL", z.string().startsWith("postgres"), {
    description: "The database of keys alone: wrapped keys, policies, tombstones",
  }),
  host: variable("CLOISTER_KEYS_HOST", z.string().min(1), {
    description: "Where the gRPC port listens",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_KEYS_PORT", port, { description: "gRPC port of the three doors", default: "8090" }),
  healthPort: variable("CLOISTER_KEYS_HEALTH_PORT", port, {
    description: "HTTP port of health and metrics",
    default: "8091",
  }),
  authorityToken: secretVariable("CLOISTER_KEYS_AUTHORITY_TOKEN", token, {
    description: "Credential of ingest: policies and conversations",
  }),
  releaseToken: secretVariable("CLOISTER_KEYS_RELEASE_TOKEN", token, {
    description: "Credential of attested services: sessions and keys",
  }),
  lifecycleToken: secretVariable("CLOISTER_KEYS_LIFECYCLE_TOKEN", token, {
    description: "Credential of retention: destruction and receipts, never a key",
  }),
  keyringFile: variable("CLOISTER_KEYS_KEYRING_FILE", z.string().min(1), {
    description: "The local keyring with the tenants' KEKs, mode 0600; development only",
  }),
  configurationFile: variable("CLOISTER_KEYS_CONFIGURATION_FILE", z.string().min(1), {
    description: "The security-relevant configuration; its digest is in the evidence and in each tenant's policy",
  }),
  simulatedRootFile: variable("CLOISTER_SIMULATED_ROOT_FILE", z.string().min(1), {
    description: "The root of simulated evidence, 32 bytes, mode 0600; development only",
  }),
});

export type KeysEnvironment = ConfigFrom<typeof keysEnvironment>;
