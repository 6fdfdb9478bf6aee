import "reflect-metadata";
import type { DynamicModule, Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Audit } from "./audit.ts";
import { systemClock, type Clock } from "./clock.ts";
import { answerClientError } from "./client-errors.ts";
import { Drain } from "./drain.ts";
import { answerProblem, ErrorsFilter, type Reports } from "./errors-filter.ts";
import { Health } from "./health.ts";
import { healthRoutes, metricsRoute } from "./health-routes.ts";
import { KnownRoutes } from "./known-routes.ts";
import type { Log } from "./log.ts";
import { ServiceMetrics } from "./metrics.ts";
import { listenForMetrics, type MetricsListener } from "./metrics-listener.ts";
import { nestLogger } from "./nest-log.ts";
import type { ProblemCatalogue } from "./problem-catalogue.ts";
import { problemsRoute } from "./problems-page.ts";
import { ServiceError } from "./service-error.ts";
import type { ServiceStrategy } from "./strategy.ts";
import { cutUnusedConnections } from "./unused-connections.ts";

export interface ServiceOptions {
  /** As in the folder's name, such as `enclave-inference`. */
  readonly name: string;
  /** The composition root. */
  readonly module: Type | DynamicModule;
  readonly log: Log;
  /** Where to listen; port 0 picks a free one. Without it no socket is opened, health included. */
  readonly http?: ListenOptions;
  /**
   * Where `/metrics` listens, for a service whose doors are the public's: by itself, or nowhere. Without it, beside the
   * other doors.
   */
  readonly metricsHttp?: ListenOptions | "none";
  /** What the HTTP server bears of its clients. */
  readonly clients?: ClientBounds;
  readonly strategy?: ServiceStrategy;
  readonly metrics?: ServiceMetrics;
  readonly clock?: Clock;
  /** Bound of `close()`, in milliseconds of wall time; 25 s, inside Kubernetes' grace of 45 s. */
  readonly drainTimeoutMs?: number;
  /** Largest HTTP body, in bytes; 512 KiB. */
  readonly bodyLimitBytes?: number;
  /** A last word on the application before it listens: content type parsers, raw routes. */
  readonly configure?: (app: NestFastifyApplication) => Promise<void> | void;
  /** The codes of its problem documents, explained on its page of errors beside the HTTP server's own. */
  readonly problems?: ProblemCatalogue;
  /** Released after everything else has stopped, in this order: pools, locks. */
  readonly release?: readonly (() => Promise<void>)[];
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
}

export interface ClientBounds {
  /** How long a client may take for its headers, in milliseconds; 10 s. */
  readonly headersTimeoutMs?: number;
  /** How long a client may take for a whole request, in milliseconds; 30 s. */
  readonly requestTimeoutMs?: number;
  /** Whether that address is a proxy whose X-Forwarded-For counts; none is unless this says so. */
  readonly isTrustedProxy?: (address: string) => boolean;
}

export interface RunningService {
  readonly name: string;
  /** `http://127.0.0.1:41233`, or null when it does not listen. */
  readonly address: string | null;
  /** Of the listener of `/metrics`, or null when it has none of its own. */
  readonly metricsAddress: string | null;
  /** Started, consumers joined, not draining, nothing fatal. */
  isReady(): boolean;
  /** Called once if the service cannot go on; it is not ready any more then, and should be closed. */
  onFatal(listener: (error: unknown) => void): void;
  /**
   * Drains: not ready, no new work, the work in hand finished, everything closed. Repeated calls share one drain.
   * @throws ServiceError DRAIN_TIMEOUT when that took longer than `drainTimeoutMs`; sockets are cut then.
   */
  close(): Promise<void>;
}

/**
 * Starts a Nest application of our shape: Fastify, our log, problem documents, `/healthz/live`, `/healthz/ready`,
 * `/metrics`. Handles no signals, so that many can run in one process (`runMain` does that).
 * @throws ServiceError START_FAILED with the cause, after releasing what it had opened.
 */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { name, log, strategy } = options;
  const metrics = options.metrics ?? new ServiceMetrics(name);
  const health = new Health(options.clock ?? systemClock, strategy);
  let app: NestFastifyApplication | undefined;
  let metricsListener: MetricsListener | undefined;
  try {
    app = await createApp(options, { log, audit: new Audit(log, metrics, options.clock), routes: new KnownRoutes() });
    cutUnusedConnections(app);
    await options.configure?.(app);
    healthRoutes(app, health);
    if (options.metricsHttp === undefined) metricsRoute(app, metrics);
    problemsRoute(app, options.problems ?? {});
    const { metricsHttp = "none" } = options;
    if (metricsHttp !== "none") metricsListener = await listenForMetrics(metrics, metricsHttp);
    const address = await listen(app, options);
    health.started();
    const drain = new Drain({ app, health, log, options });
    health.onFatal((error) => log.error("the service cannot go on", { error }));
    log.info("the service is ready", address === null ? {} : { address });
    return {
      name,
      address,
      metricsAddress: metricsListener?.address ?? null,
      isReady: () => health.isReady(),
      onFatal: (listener) => health.onFatal(listener),
      // To the last, so that a drain can be watched.
      close: () => drain.run().finally(() => metricsListener?.close()),
    };
  } catch (error) {
    await Promise.allSettled([strategy?.close(), app?.close(), metricsListener?.close()]);
    for (const release of options.release ?? []) await release().catch(() => undefined);
    if (error instanceof ServiceError) throw error;
    throw new ServiceError("START_FAILED", `the service ${name} could not start`, { cause: error });
  }
}

async function createApp(options: ServiceOptions, reports: Reports): Promise<NestFastifyApplication> {
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 30_000, isTrustedProxy } = options.clients ?? {};
  const adapter = new FastifyAdapter({
    // Node looks for those that are too slow every so often; 30 s would be late.
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs) },
    requestTimeout: requestTimeoutMs,
    trustProxy: isTrustedProxy ?? false,
    clientErrorHandler: answerClientError,
    bodyLimit: options.bodyLimitBytes ?? 512 * 1024,
    forceCloseConnections: "idle",
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      answerProblem(reports, error, reply);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: nestLogger(options.log),
    abortOnError: false,
    bufferLogs: false,
  });
  reports.routes.watch(app);
  app.useGlobalFilters(new ErrorsFilter(reports));
  return app;
}

async function listen(app: NestFastifyApplication, options: ServiceOptions): Promise<string | null> {
  const { strategy, http } = options;
  if (strategy !== undefined) {
    app.connectMicroservice({ strategy }, { inheritAppConfig: true });
    await app.startAllMicroservices();
  }
  if (http === undefined) {
    await app.init();
    return null;
  }
  await app.listen(http.port, http.host);
  return app.getUrl();
}
