import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

import type { NestFastifyApplication } from "@nestjs/platform-fastify";

/**
 * Browsers and connection pools open connections ahead of their requests. Node takes one that never carried a request
 * for busy and waits for it, so a drain would last until its timeout: such connections are cut when the server closes.
 */
export function cutUnusedConnections(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const unused = new Set<Socket>();
  fastify.server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  fastify.server.on("request", ({ socket }: IncomingMessage) => unused.delete(socket));
  fastify.addHook("preClose", (done) => {
    for (const socket of unused) socket.destroy();
    done();
  });
}
