import { tenantTopics, topics } from "./topics.ts";

/** What a program does with the log: access rules are made of it, and nothing else is allowed. */
export interface TopicAccess {
  readonly writes: readonly string[];
  readonly reads: readonly TopicReading[];
}

export interface TopicReading {
  readonly topic: string;
  /** A consumer group. */
  readonly group: string;
  /** Any group that begins so. */
  readonly isGroupPrefix?: true;
}

const reading = (topic: string, group: string): TopicReading => ({ topic, group });

/**
 * Who produces and who consumes what. A consumer also writes to the topic that it reads: a redriven dead letter is
 * produced again there.
 */
export const pipelineAccess = {
  ingest: {
    writes: [topics.inbound, topics.replies, topics.pressure],
    reads: [reading(topics.replies, "ingest"), reading(topics.pressure, "ingest-pressure")],
  },
  redaction: {
    writes: [topics.redacted, topics.replies, topics.pressure, topics.inbound],
    reads: [reading(topics.inbound, "redaction")],
  },
  "enclave-inference": {
    writes: [topics.replies, topics.pressure, topics.redacted],
    reads: [reading(topics.redacted, "enclave-inference")],
  },
  embedding: {
    writes: [topics.replies, topics.pressure, topics.redacted],
    reads: [reading(topics.redacted, "embedding")],
  },
} as const satisfies Readonly<Record<string, TopicAccess>>;

export type PipelineService = keyof typeof pipelineAccess;

/** The group in which `ingest` reads the inbound topics of tenants. */
export const TENANT_BRIDGE_GROUP = "ingest-tenants";

/** A tenant's own programs: they send and read, in groups named after the tenant. */
export function tenantAccess(tenantIdHex: string): TopicAccess {
  const { inbound, replies } = tenantTopics(tenantIdHex);
  return { writes: [inbound], reads: [{ topic: replies, group: `tenant.${tenantIdHex}.`, isGroupPrefix: true }] };
}

/** What `ingest` does with a tenant's topics. */
export function bridgeAccess(tenantIdHex: string): TopicAccess {
  const { inbound, replies } = tenantTopics(tenantIdHex);
  return { writes: [replies, inbound], reads: [reading(inbound, TENANT_BRIDGE_GROUP)] };
}
