import { machineVariables } from "@cloister/keyring/machine";
import { defineConfig, httpUrl, portNumber, variable } from "@cloister/service";
import { databaseVariables } from "@cloister/storage";
import { z } from "zod";
import { rateVariables } from "./limits/rate-variables.ts";
import { kmsVariables } from "./kms/kms-variables.ts";

const peerUrls = z
  .string()
  .transform((text) => (text === "none" ? [] : text.split(",").map((url) => url.trim())))
  .refine((urls) => urls.every((url) => httpUrl.safeParse(url).success), "each is an URL such as https://keys-1:8090");
const servedTenants = z
  .string()
  .regex(/^(?:all|[0-9a-f]{32}(?:,[0-9a-f]{32})*)$/u, "tenant ids of 32 hex digits each, separated by commas")
  .transform((text) => (text === "all" ? undefined : text.split(",").toSorted()));
const file = z.string().min(1);

/** Every environment variable that keys reads. */
export const keysConfig = defineConfig({
  ...databaseVariables("the schema of keys, in a database of its own: wrapped keys, policies, tombstones"),
  host: variable("CLOISTER_KEYS_HOST", z.string().min(1), {
    description: "Address that the three doors, health and metrics listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_KEYS_PORT", portNumber, {
    description: "Port of the three doors (gRPC); 0 picks a free one",
    default: "8090",
  }),
  healthPort: variable("CLOISTER_KEYS_HEALTH_PORT", portNumber, {
    description: "Port that health and metrics listen on; 0 picks a free one",
    default: "8091",
  }),
  authorityTokenFile: variable("CLOISTER_KEYS_AUTHORITY_TOKEN_FILE", file, {
    description: "File with the credential of the Authority door: policies and conversations, never a key",
  }),
  releaseTokenFile: variable("CLOISTER_KEYS_RELEASE_TOKEN_FILE", file, {
    description: "File with the credential of the Release door; what may be read is decided by evidence, not by it",
  }),
  lifecycleTokenFile: variable("CLOISTER_KEYS_LIFECYCLE_TOKEN_FILE", file, {
    description: "File with the credential of the Lifecycle door: destruction and receipts, never a key",
  }),
  peers: variable("CLOISTER_KEYS_PEERS", peerUrls, {
    description:
      "The other instances' doors, URLs separated by commas: what a tenant unlocked one with, the others ask for",
    default: "none",
  }),
  tenants: variable("CLOISTER_KEYS_TENANTS", servedTenants, {
    description:
      "Run by a tenant for itself (custody hyok): the only tenants served here, ids separated by commas; unset: all",
    default: "all",
  }),
  ...rateVariables,
  ...kmsVariables,
  kmsTimeoutMs: variable("CLOISTER_KEYS_KMS_TIMEOUT_MS", z.coerce.number().int().min(50).max(4_000), {
    description: "How long a tenant's KMS is waited for, in milliseconds; then its calls are refused while it is away",
    default: "1000",
  }),
  ...machineVariables,
  gpuKeysFile: variable("CLOISTER_GPU_JWKS_FILE", file.optional(), {
    description: "JWKS of the service that attests GPUs, for policies that demand it; its digest is in the evidence",
  }),
});
