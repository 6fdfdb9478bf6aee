import type { ServerResponse } from "node:http";

import { ProblemError, type Clock } from "@cloister/service";

import type { AccessTokens } from "../access/access-tokens.ts";
import type { IngestMetrics } from "../ingest.metrics.ts";
import type { IngestLimits } from "../limits/ingest-limits.ts";
import { tenantHasTooManyRequests, tenantHasTooManyStreams } from "../limits/refusals.ts";

export interface OpenResponsesParts {
  readonly tokens: AccessTokens;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  readonly limits: Pick<IngestLimits, "tenantStreams" | "tenantOpenRequests" | "stalledReaderMs">;
  /** How long a look at a token counts. */
  readonly accessCacheMs: number;
}

type Kind = "request" | "stream";

interface Open {
  readonly tenant: string;
  readonly token: string;
  kind: Kind;
  /** Since when the reader has left what was sent unread; undefined while it reads. */
  stalledSinceMs: number | undefined;
}

/** The responses that are not ended yet: bounded by tenant, and cut when their access ends or their reader stalls. */
export class OpenResponses {
  readonly #parts: OpenResponsesParts;
  readonly #open = new Map<ServerResponse, Open>();
  readonly #counts = { request: new Map<string, number>(), stream: new Map<string, number>() };
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(parts: OpenResponsesParts) {
    this.#parts = parts;
    const { accessCacheMs, limits } = parts;
    this.#timers = [
      setInterval(() => void this.#cutRevoked(), accessCacheMs).unref(),
      setInterval(() => this.#cutStalled(), Math.min(1_000, limits.stalledReaderMs)).unref(),
    ];
  }

  /**
   * Not for a client that left while its token was looked at: nothing would tell that it is gone.
   * @throws ProblemError TOO_MANY_OPEN_REQUESTS
   */
  enter(response: ServerResponse, { tenant, token }: { readonly tenant: string; readonly token: string }): void {
    if (response.destroyed) return;
    if (this.#count("request", tenant) >= this.#parts.limits.tenantOpenRequests) throw tenantHasTooManyRequests();
    const open: Open = { tenant, token, kind: "request", stalledSinceMs: undefined };
    this.#add("request", tenant, 1);
    this.#open.set(response, open);
    response.on("drain", () => (open.stalledSinceMs = undefined));
    response.once("close", () => {
      this.#open.delete(response);
      this.#add(open.kind, tenant, -1);
    });
  }

  /** From now on the response counts among its tenant's streams. @throws ProblemError TOO_MANY_STREAMS */
  becomesStream(response: ServerResponse): void {
    const open = this.#open.get(response);
    if (open === undefined || open.kind === "stream") return;
    if (this.#count("stream", open.tenant) >= this.#parts.limits.tenantStreams) throw tenantHasTooManyStreams();
    this.#add("request", open.tenant, -1);
    this.#add("stream", open.tenant, 1);
    open.kind = "stream";
  }

  close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    return Promise.resolve();
  }

  /** Who connects again is told why. An engine's outage ends nothing: it says nothing about a token. */
  async #cutRevoked(): Promise<void> {
    for (const [response, { token }] of [...this.#open]) {
      const isRefused = await this.#parts.tokens.grantOf(token).then(
        () => false,
        (error: unknown) => error instanceof ProblemError && error.status === 401,
      );
      if (isRefused) this.#cut(response, "access_ended");
    }
  }

  /** Nothing is written past a full buffer, so a reader that stalls would hold its connection, and its place, for ever. */
  #cutStalled(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [response, open] of this.#open) {
      if (!response.writableNeedDrain) open.stalledSinceMs = undefined;
      else if (open.stalledSinceMs === undefined) open.stalledSinceMs = nowMs;
      else if (nowMs - open.stalledSinceMs >= this.#parts.limits.stalledReaderMs) this.#cut(response, "stalled_reader");
    }
  }

  #cut(response: ServerResponse, reason: "access_ended" | "stalled_reader"): void {
    this.#parts.metrics.cut(reason);
    response.destroy();
  }

  #count(kind: Kind, tenant: string): number {
    return this.#counts[kind].get(tenant) ?? 0;
  }

  #add(kind: Kind, tenant: string, change: 1 | -1): void {
    const count = this.#count(kind, tenant) + change;
    if (count === 0) this.#counts[kind].delete(tenant);
    else this.#counts[kind].set(tenant, count);
  }
}
