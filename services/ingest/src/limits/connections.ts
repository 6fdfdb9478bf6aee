import type { Server } from "node:http";
import type { Socket } from "node:net";

import type { IngestMetrics } from "../ingest.metrics.ts";
import { addressGroup, type TrustedProxies } from "./addresses.ts";
import type { IngestLimits } from "./ingest-limits.ts";

export interface ConnectionBounds {
  readonly limits: Pick<IngestLimits, "connections" | "addressConnections">;
  /** A proxy's connections are those of many. */
  readonly proxies: TrustedProxies;
  readonly metrics: IngestMetrics;
}

/** Bounds how many connections are open, of all and of one address. What is too many is closed unheard. */
export function boundConnections(server: Server, { limits, proxies, metrics }: ConnectionBounds): void {
  const openOf = new Map<string, number>();
  server.maxConnections = limits.connections;
  server.on("drop", () => metrics.cut("too_many_connections"));
  server.on("clientError", (error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") metrics.cut("slow_request");
  });
  server.on("connection", (socket: Socket) => {
    metrics.connectionOpened();
    socket.once("close", () => metrics.connectionClosed());
    const { remoteAddress = "" } = socket;
    if (proxies.has(remoteAddress)) return;
    const group = addressGroup(remoteAddress);
    const open = openOf.get(group) ?? 0;
    if (open >= limits.addressConnections) {
      metrics.cut("too_many_connections_of_address");
      socket.destroy();
      return;
    }
    openOf.set(group, open + 1);
    socket.once("close", () => {
      const left = (openOf.get(group) ?? 1) - 1;
      if (left === 0) openOf.delete(group);
      else openOf.set(group, left);
    });
  });
}
