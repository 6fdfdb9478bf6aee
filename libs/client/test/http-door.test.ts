import { afterEach, describe, expect, it } from "@jest/globals";
import type { IncomingMessage, RequestListener } from "node:http";

import { HttpDoor } from "../src/http-door.ts";
import { startLocalServer } from "./local-server.ts";

const retry = { attempts: 3, firstPauseMs: 1, longestPauseMs: 2 };
const problemType = { "content-type": "application/problem+json" };
const body = { contentType: "application/octet-stream", bytes: Uint8Array.of(1, 2, 3) };
const closers: (() => Promise<void>)[] = [];

async function doorTo(listener: RequestListener): Promise<HttpDoor> {
  const server = await startLocalServer(listener);
  closers.push(() => server.close());
  return new HttpDoor({
    baseUrl: server.baseUrl,
    accessToken: "token-of-the-test",
    tenantId: new Uint8Array(16).fill(0xab),
    fetch,
    retry,
  });
}

async function readAll(request: IncomingMessage): Promise<string> {
  request.setEncoding("hex");
  let hex = "";
  for await (const chunk of request) hex += String(chunk);
  return hex;
}

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

describe("the HTTP door", () => {
  it("sends the access token and the tenant with each request", async () => {
    const seen: unknown[] = [];
    const door = await doorTo((request, response) => {
      seen.push(request.headers.authorization, request.headers["cloister-tenant"]);
      response.end("ok");
    });
    await door.request({ method: "GET", path: "/v1/policy" });
    expect(seen).toEqual(["Bearer token-of-the-test", "ab".repeat(16)]);
  });

  it("calls fetch as a plain function, since a browser's refuses to be another object's method", async () => {
    const receivers: unknown[] = [];
    const door = new HttpDoor({
      baseUrl: "http://ingest.test",
      accessToken: "token-of-the-test",
      tenantId: new Uint8Array(16),
      fetch: async function (this: unknown) {
        receivers.push(this);
        return new Response("ok");
      },
      retry,
    });
    await door.request({ method: "GET", path: "/v1/policy" });
    expect(receivers).toEqual([undefined]);
  });

  it("repeats the same bytes until the service is there again", async () => {
    const bodies: string[] = [];
    const door = await doorTo((request, response) => {
      void readAll(request).then((bytes) => {
        bodies.push(bytes);
        if (bodies.length < 3) response.writeHead(503, problemType).end('{"code":"UNAVAILABLE","retryable":true}');
        else response.end("ok");
      });
    });
    await door.request({ method: "POST", path: "/v1/messages", body });
    expect(bodies).toEqual(["010203", "010203", "010203"]);
  });

  it.each([408, 429, 502, 503, 504])("repeats them after %i, which says nothing of the message", async (status) => {
    let requests = 0;
    const door = await doorTo((_request, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(status, problemType).end('{"code":"LATER"}');
      else response.end("ok");
    });
    await door.request({ method: "POST", path: "/v1/messages", body });
    expect(requests).toBe(2);
  });

  it("gives up with UNREACHABLE after the last attempt", async () => {
    let requests = 0;
    const door = await doorTo((_request, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    await expect(door.request({ method: "POST", path: "/", body })).rejects.toMatchObject({
      code: "UNREACHABLE",
      retryable: true,
    });
    expect(requests).toBe(retry.attempts);
  });

  it.each([
    ["7", 7_000],
    ["Fri, 31 Dec 1999 23:59:59 GMT", undefined],
    ["-1", undefined],
    ["", undefined],
  ])("tells when the service asked to be called again: %j", async (retryAfter, retryAfterMs) => {
    const door = await doorTo((_request, response) => {
      response.writeHead(503, { "retry-after": retryAfter }).end();
    });
    await expect(door.request({ method: "GET", path: "/" })).rejects.toMatchObject({ retryAfterMs });
  });

  it("hands on a refusal's code at once", async () => {
    let requests = 0;
    const door = await doorTo((_request, response) => {
      requests += 1;
      response.writeHead(422, problemType).end('{"code":"RETENTION_TOO_LONG","detail":"too long","retryable":false}');
    });
    await expect(door.request({ method: "POST", path: "/", body })).rejects.toMatchObject({
      code: "REFUSED",
      problem: "RETENTION_TOO_LONG",
    });
    expect(requests).toBe(1);
  });

  it("does not let an answer without end fill the memory", async () => {
    const door = await doorTo((_request, response) => {
      for (let megabytes = 0; megabytes < 4; megabytes++) response.write("A".repeat(1024 * 1024));
    });
    await expect(door.request({ method: "GET", path: "/" })).rejects.toMatchObject({ code: "ANSWER_MALFORMED" });
  });

  it("does not let a refusal without end fill the memory", async () => {
    const door = await doorTo((_request, response) => {
      response.writeHead(403, problemType);
      const more = setInterval(() => response.write(Buffer.alloc(256 * 1024, " ")), 1);
      response.once("close", () => clearInterval(more));
    });
    const refusal = door.request({ method: "GET", path: "/v1/policy" });
    await expect(refusal).rejects.toMatchObject({ code: "REFUSED", problem: "HTTP_403" });
  });

  it("takes no code for one that is none, and nothing that a terminal obeys or a person would read as a letter", async () => {
    const detail = `\u001b[2J\u202eYou are right.\r\n${"x".repeat(10_000)}`;
    const document = JSON.stringify({ code: "Dear customer", detail });
    const door = await doorTo((_request, response) => {
      response.writeHead(403, problemType).end(document);
    });
    const refusal = await door.request({ method: "GET", path: "/v1/policy" }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ problem: "HTTP_403" });
    expect(String(refusal)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(String(refusal).length).toBeLessThan(500);
  });

  it("never follows a redirect with the access token", async () => {
    const paths: unknown[] = [];
    const door = await doorTo((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    await expect(door.request({ method: "GET", path: "/v1/policy" })).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(new Set(paths)).toEqual(new Set(["/v1/policy"]));
  });

  it("stops when the caller's signal fires", async () => {
    const door = await doorTo(() => undefined);
    const signal = AbortSignal.timeout(20);
    await expect(door.request({ method: "GET", path: "/", signal })).rejects.toMatchObject({ code: "ABORTED" });
  });
});
