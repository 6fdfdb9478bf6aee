import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { Health } from "./health.ts";
import type { ServiceMetrics } from "./metrics.ts";

/** `/healthz/live` and `/healthz/ready`: 200 or 503, no body to speak of. */
export function healthRoutes(app: NestFastifyApplication, health: Health): void {
  const server = app.getHttpAdapter().getInstance();
  server.get("/healthz/live", async (_request, reply) => {
    await reply.status(health.isLive() ? 200 : 503).send({ live: health.isLive() });
  });
  server.get("/healthz/ready", async (_request, reply) => {
    await reply.status(health.isReady() ? 200 : 503).send({ ready: health.isReady() });
  });
}

/** `/metrics` in Prometheus' text format, where the port is not the public's. */
export function metricsRoute(app: NestFastifyApplication, metrics: ServiceMetrics): void {
  const server = app.getHttpAdapter().getInstance();
  server.get("/metrics", async (_request, reply) => {
    await reply.header("content-type", metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}
