import { defineConfig, variable } from "@cloister/service";
import { z } from "zod";

import { defaultLimits, type IngestLimits } from "./ingest-limits.ts";

const count = z.coerce.number().int().positive();

/** One limit as an environment variable, with its default. */
const limit = (name: keyof IngestLimits, env: string, description: string) =>
  variable(`CLOISTER_INGEST_${env}`, count, { description, default: String(defaultLimits[name]) });

/** The environment variables of the limits. */
export const limitVariables = {
  tenantRequestsPerSecond: limit(
    "tenantRequestsPerSecond",
    "TENANT_REQUESTS_PER_SECOND",
    "Requests of a tenant in a second; 429 beyond",
  ),
  tenantBurst: limit("tenantBurst", "TENANT_BURST", "Requests of a tenant beyond that, in any ten seconds"),
  tenantStreams: limit("tenantStreams", "TENANT_STREAMS", "Streams of replies that a tenant may keep open"),
  tenantOpenRequests: limit(
    "tenantOpenRequests",
    "TENANT_OPEN_REQUESTS",
    "Other requests of a tenant that may be in work at a time",
  ),
  addressRequestsPerMinute: limit(
    "addressRequestsPerMinute",
    "ADDRESS_REQUESTS_PER_MINUTE",
    "Requests without valid access that an address (IPv6: a /64) may make in a minute; loopback has no such limit",
  ),
  addressConnections: limit(
    "addressConnections",
    "ADDRESS_CONNECTIONS",
    "Connections that an address may keep open; trusted proxies have no such limit",
  ),
  connections: limit("connections", "CONNECTIONS", "Connections of all clients together"),
  headersTimeoutMs: limit(
    "headersTimeoutMs",
    "HEADERS_TIMEOUT_MS",
    "How long a client may take for its headers, in milliseconds",
  ),
  requestTimeoutMs: limit(
    "requestTimeoutMs",
    "REQUEST_TIMEOUT_MS",
    "How long a client may take for a whole request, in milliseconds",
  ),
  stalledReaderMs: limit(
    "stalledReaderMs",
    "STALLED_READER_MS",
    "How long a reader may leave what was sent to it unread, in milliseconds",
  ),
};

/** The limits alone, out of an environment that `ingestConfig` has found well. */
export const limitsConfig = defineConfig(limitVariables);
