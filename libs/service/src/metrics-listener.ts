import { once } from "node:events";
import { createServer } from "node:http";
import type { ServiceMetrics } from "./metrics.ts";
import { ServiceError } from "./service-error.ts";

export interface MetricsListener {
  /** `http://127.0.0.1:41233` */
  readonly address: string;
  close(): Promise<void>;
}

/** A listener that answers `GET /metrics` in Prometheus' text format and nothing else. @throws ServiceError START_FAILED */
export async function listenForMetrics(
  metrics: ServiceMetrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsListener> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    metrics.registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.maxConnections = 64;
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new ServiceError("START_FAILED", `the metrics can't be served on ${host}:${port}`, { cause });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
  return {
    address: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
