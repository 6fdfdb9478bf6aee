import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a page that runs one script, and passes /v1/* on to ingest, so that the page reaches it from its own origin: as
 * behind an application's reverse proxy. Streams pass as they come.
 */
export async function servePage(script: Uint8Array, ingestUrl?: string): Promise<PageServer> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    if (path.startsWith("/v1/") && ingestUrl !== undefined) {
      passOn(incoming, outgoing, new URL(path, ingestUrl));
    } else if (path === "/page.js") {
      outgoing.writeHead(200, { "content-type": "text/javascript" }).end(script);
    } else if (path === "/") {
      const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>';
      outgoing.writeHead(200, { "content-type": "text/html" }).end(html);
    } else {
      outgoing.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}/`, close: () => closed(server) };
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, url: URL): void {
  const passed = request(
    url,
    { method: incoming.method, headers: { ...incoming.headers, host: url.host } },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    },
  );
  passed.on("error", () => outgoing.destroy());
  outgoing.on("close", () => passed.destroy());
  incoming.pipe(passed);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port; // it listens on TCP
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
