import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { Health } from "./health.ts";
import type { Log } from "./log.ts";
import { ServiceError } from "./service-error.ts";
import type { ServiceOptions } from "./start-service.ts";

interface DrainParts {
  readonly app: NestFastifyApplication;
  readonly health: Health;
  readonly log: Log;
  readonly options: ServiceOptions;
}

/** The way down, once: consumers first (their batch in work is finished), then HTTP, then what both stood on. */
export class Drain {
  readonly #parts: DrainParts;
  #running: Promise<void> | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  run(): Promise<void> {
    this.#running ??= this.#drain();
    return this.#running;
  }

  async #drain(): Promise<void> {
    const { app, health, log, options } = this.#parts;
    health.draining();
    const timeoutMs = options.drainTimeoutMs ?? 25_000;
    const inTime = await within(timeoutMs, this.#stop());
    if (!inTime) app.getHttpServer().closeAllConnections();
    for (const release of options.release ?? []) await release();
    if (!inTime) throw new ServiceError("DRAIN_TIMEOUT", `the service ${options.name} did not drain in time`);
    log.info("the service has stopped");
  }

  async #stop(): Promise<void> {
    await this.#parts.options.strategy?.close();
    // A kept-alive connection that was busy when the server stopped listening becomes idle later, and would hold it.
    const server = this.#parts.app.getHttpServer();
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    try {
      await this.#parts.app.close();
    } finally {
      clearInterval(idle);
    }
  }
}

/** False when the work was not done in time; its own failure is thrown. */
async function within(timeoutMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
