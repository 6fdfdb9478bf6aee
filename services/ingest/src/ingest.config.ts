import { tenantKeysVariable } from "@cloister/keyring";
import { logVariables } from "@cloister/messaging";
import { operationsVariables } from "@cloister/messaging/operations";
import { defineConfig, httpUrl, portNumber, variable } from "@cloister/service";
import { databaseVariables } from "@cloister/storage";
import { redisVariables } from "@cloister/storage/redis";
import { z } from "zod";

import { trustedIssuersText } from "./access/oidc/trusted-issuers.ts";
import { tenantIdText } from "./http/caller.ts";
import { isOrigin } from "./http/browsers.ts";
import { isAddressRange } from "./limits/addresses.ts";
import { limitVariables } from "./limits/limit-variables.ts";

/** `none`, or what stands between commas, each of which has to pass. */
const listOf = (isGood: (text: string) => boolean, sentence: string) =>
  z
    .string()
    .transform((text) => (text === "none" ? [] : text.split(",").map((one) => one.trim())))
    .refine((all) => all.every(isGood), sentence);
const originList = listOf(isOrigin, "each is an origin such as https://app.example, without a path");
const addressList = listOf(isAddressRange, "each is an address or a range such as 10.0.0.0/8");
const tenantList = listOf((text) => tenantIdText.safeParse(text).success, "each is a tenant id, 32 hex digits");
const milliseconds = z.coerce.number().int().positive();

/** Every environment variable that ingest reads. */
export const ingestConfig = defineConfig({
  host: variable("CLOISTER_INGEST_HOST", z.string().min(1), {
    description: "Address to listen on",
    default: "127.0.0.1",
  }),
  port: variable("CLOISTER_INGEST_PORT", portNumber, {
    description: "Port to listen on; 0 picks a free one",
    default: "8080",
  }),
  metricsHost: variable("CLOISTER_INGEST_METRICS_HOST", z.string().min(1), {
    description: "Address that /metrics listens on, apart from the doors and without a token: not for the public",
    default: "127.0.0.1",
  }),
  metricsPort: variable("CLOISTER_INGEST_METRICS_PORT", portNumber, {
    description: "Port that /metrics listens on; 0 picks a free one",
    default: "8081",
  }),
  ...databaseVariables("ingest's schema: mailbox, accepted messages, outbox"),
  keysUrl: variable("CLOISTER_KEYS_URL", httpUrl, {
    description:
      "Where the Authority door of keys listens (gRPC), https://HOST:PORT; both sides make their certificates themselves",
  }),
  authorityTokenFile: variable("CLOISTER_KEYS_AUTHORITY_TOKEN_FILE", z.string().min(1), {
    description: "File with the credential of the Authority door: policies and conversations, never a key",
  }),
  ...tenantKeysVariable,
  accessTokenFile: variable("CLOISTER_INGEST_ACCESS_TOKEN_FILE", z.string().min(1), {
    description: "File (0600) that each start writes its administration token to: random, with every scope",
  }),
  tenantIdHex: variable(
    "CLOISTER_INGEST_TENANT_ID",
    z
      .string()
      .regex(/^[0-9a-f]{32}$/u)
      .optional(),
    {
      description: "The only tenant that the administration token is good for; unset: every tenant",
    },
  ),
  tenantTopics: variable("CLOISTER_INGEST_TENANT_TOPICS", tenantList, {
    description:
      "Tenants that send and read by topics of their own (tenant.<id>.inbound.v1, .replies.v1): ids, separated by commas",
    default: "none",
  }),
  oidcIssuers: variable("CLOISTER_INGEST_OIDC_ISSUERS", trustedIssuersText, {
    description:
      "Issuers whose JWTs give transport, as JSON: a list of {issuer, audience, tenantIdHex, scopesClaim, scopesOf}",
    default: "[]",
  }),
  corsOrigins: variable("CLOISTER_INGEST_CORS_ORIGINS", originList, {
    description: "Origins of browser apps that may call the doors, separated by commas, such as https://app.example",
    default: "none",
  }),
  trustedProxies: variable("CLOISTER_INGEST_TRUSTED_PROXIES", addressList, {
    description: "Proxies whose X-Forwarded-For counts: addresses and ranges, separated by commas",
    default: "none",
  }),
  ...limitVariables,
  ...redisVariables,
  ...logVariables,
  ...operationsVariables,
  region: variable("CLOISTER_REGION", z.string().min(1).optional(), {
    description: "Region that this cell runs in, as its operator states it; policies with residency ask for it",
  }),
  keepAliveMs: variable("CLOISTER_INGEST_KEEP_ALIVE_MS", milliseconds, {
    description: "Longest silence on a stream of replies, in milliseconds",
    default: "15000",
  }),
  reconnectMs: variable("CLOISTER_INGEST_RECONNECT_MS", milliseconds, {
    description: "How long a reader waits before it connects again, in milliseconds",
    default: "1000",
  }),
  accessCacheMs: variable("CLOISTER_INGEST_ACCESS_CACHE_MS", milliseconds, {
    description: "How long a look at an access token counts, and so how long a revoked one may go on, in milliseconds",
    default: "5000",
  }),
  policyCacheMs: variable("CLOISTER_INGEST_POLICY_CACHE_MS", milliseconds, {
    description: "How long a tenant's policy is used before keys is asked for a newer one, in milliseconds",
    default: "30000",
  }),
});
