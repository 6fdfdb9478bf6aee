import { TENANT_BRIDGE_GROUP } from "@cloister/contracts/topic-access";
import {
  MessagingError,
  type Consumption,
  type DeadLetters,
  type LogRecord,
  type MessageLog,
  type RecordBatch,
  type TopicPartition,
} from "@cloister/messaging";
import type { Audit, Clock, Log } from "@cloister/service";
import { setTimeout as delay } from "node:timers/promises";

import type { IngestMetrics } from "../ingest.metrics.ts";
import type { IngestPipeline } from "../ingest.pipeline.ts";
import { problem } from "../ingest.problems.ts";
import type { RateLimit } from "../limits/rate-limit.ts";
import type { BridgedTenant, BridgedTenants } from "./bridged-tenants.ts";
import { Patience } from "./patience.ts";
import { identityOf, statusFor } from "./refused-record.ts";
import { verdictOn, type Verdict } from "./verdict.ts";

/** As much as the HTTP door takes of a body. */
const maxEnvelopeBytes = 512 * 1024;
/** Conversations of a batch whose messages are taken at a time. */
const atOnce = 8;
const hourMs = 60 * 60 * 1_000;
/** How long a record that can't be accepted is kept: at least a day, whatever it says of itself. */
const keptHours = 25;

export interface TenantBridgeParts {
  readonly messages: MessageLog;
  readonly tenants: BridgedTenants;
  readonly pipeline: Pick<IngestPipeline, "accept">;
  readonly tenantRate: Pick<RateLimit, "take">;
  /** Of each tenant's topic, by the topic. */
  readonly letters: ReadonlyMap<string, DeadLetters>;
  readonly metrics: IngestMetrics;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}

/**
 * Takes what tenants put on topics of their own: the value of a record is an envelope as `POST /v1/messages` takes it. It
 * goes the way of a message at that door, so a record that comes twice, or came over HTTP before, is accepted once. What
 * can never be accepted becomes a dead letter, sealed as it came, and the tenant is told a code; what only has to wait
 * holds up its partition, which is that tenant's alone.
 */
export class TenantBridge {
  readonly #parts: TenantBridgeParts;
  readonly #patience: Patience;
  /** Of the batch that comes again: what was settled of it. */
  readonly #settled = new Map<string, Set<number>>();
  readonly #stopping = new AbortController();
  #consumption: Consumption | undefined;

  constructor(parts: TenantBridgeParts) {
    this.#parts = parts;
    this.#patience = new Patience(parts.clock);
  }

  /** Joins the group of all instances. @throws MessagingError UNKNOWN_TOPIC, LOG_UNAVAILABLE, LOG_UNAUTHORIZED */
  async start(): Promise<void> {
    const { messages, tenants, onFatal } = this.#parts;
    this.#consumption = await messages.consume({
      group: TENANT_BRIDGE_GROUP,
      topics: tenants.all.map(({ inbound }) => inbound),
      // One over its limit keeps all the places that it has partitions for, and others must not wait for it: it is the
      // tenant's limit that bounds the work.
      maxConcurrency: Infinity,
      onAssigned: async (where) => {
        this.#settled.delete(placeOf(where));
      },
      onBatch: (batch) => this.#take(batch),
      onFatal,
    });
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#consumption?.close();
  }

  async #take(batch: RecordBatch): Promise<void> {
    const tenant = this.#parts.tenants.ofInbound(batch.topic);
    if (tenant === undefined) throw new MessagingError("CONSUMER_FATAL", `${batch.topic} is no tenant's topic`);
    const place = placeOf(batch);
    const settled = this.#settled.get(place) ?? new Set();
    this.#settled.set(place, settled);
    const lines = linesOf(batch.records.filter(({ offset }) => !settled.has(offset)));
    for (let from = 0; from < lines.length; from += atOnce) {
      const taking = lines.slice(from, from + atOnce).map(async (line) => {
        for (const record of line) {
          await this.#settle(record, tenant);
          this.#patience.settled(record);
          settled.add(record.offset);
        }
      });
      const failed = (await Promise.allSettled(taking)).find((one) => one.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    }
    this.#settled.delete(place);
  }

  /** @throws MessagingError SHARED_FAILURE when it has to come again later */
  async #settle(record: LogRecord, tenant: BridgedTenant): Promise<void> {
    try {
      await this.#accept(record, tenant);
    } catch (error) {
      const verdict = this.#patience.judge(record, verdictOn(error));
      if (verdict.kind === "refuse") return this.#refuse(record, tenant, verdict);
      const sentence = `a record of ${record.topic} waits: ${verdict.code}`;
      throw new MessagingError("SHARED_FAILURE", sentence, { cause: error });
    }
  }

  async #accept({ value }: LogRecord, { tenantId, tenantIdHex }: BridgedTenant): Promise<void> {
    const { pipeline, metrics } = this.#parts;
    await this.#turnOf(tenantIdHex);
    const grant = { tenantIdHex, scopes: [], tokenId: undefined, expiresAtMs: undefined };
    const accepting = async () => {
      if (value.length <= maxEnvelopeBytes) return pipeline.accept({ grant, tenantId }, value);
      throw problem("TOO_LARGE", "A record's value has at most 512 KiB, as a body at the HTTP door has.");
    };
    await metrics.message(accepting());
  }

  /** The tenant's limit holds for both doors together; here nobody is refused for it. */
  async #turnOf(tenantIdHex: string): Promise<void> {
    for (;;) {
      const waitMs = await this.#parts.tenantRate.take(tenantIdHex);
      if (waitMs === 0) return;
      const { signal } = this.#stopping;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw problem("DRAINING", "This instance is stopping.");
    }
  }

  async #refuse(foreign: LogRecord, tenant: BridgedTenant, verdict: Extract<Verdict, { kind: "refuse" }>) {
    const { letters, audit, clock } = this.#parts;
    const { flaw: _, ...record } = foreign;
    // Whoever wrote the record could have it kept for years.
    const kept = { ...record, bucketEndMs: (Math.floor(clock.nowMs() / hourMs) + keptHours) * hourMs };
    const identity = identityOf(kept, tenant);
    const { code, isRetryable } = verdict;
    const failure = { kind: "poison", code, isRetryable } as const;
    const outputs = [statusFor(kept, tenant, identity, verdict)];
    await letters.get(record.topic)?.bury({ record: kept, identity, failure, outputs });
    const { topic, partition, offset } = record;
    audit.refused({ at: TENANT_BRIDGE_GROUP, code, topic, partition, offset, tenantId: tenant.tenantIdHex });
  }
}

const placeOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** Records of one key stay in their order, those of different keys need not. */
function linesOf(records: readonly LogRecord[]): LogRecord[][] {
  const lines = new Map<string, LogRecord[]>();
  for (const record of records) {
    const key = Buffer.from(record.key).toString("base64");
    lines.set(key, [...(lines.get(key) ?? []), record]);
  }
  return [...lines.values()];
}
