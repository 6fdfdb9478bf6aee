import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ServiceMetrics, systemClock } from "@cloister/service";

import { StartToken } from "../src/access/access-tokens.ts";
import { OpenResponses } from "../src/http/open-responses.ts";
import { IngestMetrics } from "../src/ingest.metrics.ts";

const token = "a token of a start, long enough";
const caller = { tenant: "ab".repeat(16), token };

let server: Server;
let open: OpenResponses;
let clients: Socket[];
beforeEach(async () => {
  clients = [];
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  open = new OpenResponses({
    tokens: new StartToken(token, undefined),
    clock: systemClock,
    metrics: new IngestMetrics(new ServiceMetrics("ingest")),
    limits: { tenantStreams: 1, tenantOpenRequests: 1, stalledReaderMs: 60_000 },
    accessCacheMs: 60_000,
  });
});
afterEach(async () => {
  await open.close();
  for (const client of clients) client.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A response that nobody has begun, and the client that waits for it. */
async function asked(): Promise<{ readonly response: ServerResponse; readonly client: Socket }> {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on a port");
  const client = connect(address.port, "127.0.0.1");
  clients.push(client);
  const requested = new Promise<ServerResponse>((resolve) => {
    server.once("request", (_request, response) => resolve(response));
  });
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  return { response: await requested, client };
}

async function leave({ response, client }: Awaited<ReturnType<typeof asked>>): Promise<void> {
  const closed = once(response, "close");
  client.destroy();
  await closed;
}

describe("the place of an open response", () => {
  it("is free again when its client leaves", async () => {
    const first = await asked();
    open.enter(first.response, caller);
    const second = await asked();
    expect(() => open.enter(second.response, caller)).toThrow(
      expect.objectContaining({ code: "TOO_MANY_OPEN_REQUESTS" }),
    );
    await leave(first);
    expect(() => open.enter(second.response, caller)).not.toThrow();
  });

  it("is not taken by a client that left before its access was known", async () => {
    const gone = await asked();
    await leave(gone);
    open.enter(gone.response, caller);
    open.becomesStream(gone.response);
    const present = await asked();
    expect(() => open.enter(present.response, caller)).not.toThrow();
    expect(() => open.becomesStream(present.response)).not.toThrow();
  });
});
