import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { isOrigin } from "../src/http/browsers.ts";
import { IngestUnderTest } from "./running-ingest.ts";

const app = "https://app.example";
const elsewhere = "https://elsewhere.example";

let ingest: IngestUnderTest;
let closed: IngestUnderTest;
beforeAll(async () => {
  ingest = await IngestUnderTest.start({ corsOrigins: [app] });
  closed = await IngestUnderTest.start();
}, 60_000);
afterAll(async () => {
  await ingest.stop();
  await closed.stop();
}, 60_000);

function preflight(target: IngestUnderTest, origin: string): Promise<Response> {
  return fetch(new URL("/v1/messages", target.baseUrl), {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,cloister-tenant,content-type",
    },
  });
}

const allowed = (response: Response): string | null => response.headers.get("access-control-allow-origin");

describe("a browser app of a listed origin", () => {
  it("may send what the doors need, and never cookies", async () => {
    const answer = await preflight(ingest, app);
    const names = answer.headers.get("access-control-allow-headers")?.split(", ");
    expect([answer.status, allowed(answer), answer.headers.get("access-control-allow-credentials")]).toEqual([
      204,
      app,
      null,
    ]);
    expect(names).toEqual(
      expect.arrayContaining(["authorization", "cloister-tenant", "content-type", "last-event-id"]),
    );
  });

  it.each([
    ["answers", "/v1/policy", {}, 200],
    ["refusals of access", "/v1/policy", { authorization: "" }, 401],
    ["streams", `/v1/conversations/${"ab".repeat(16)}/replies`, {}, 200],
  ])("may read %s", async (_what, path, headers, status) => {
    const answer = await ingest.request(path, { headers: { origin: app, ...headers } });
    await answer.body?.cancel();
    expect([answer.status, allowed(answer)]).toEqual([status, app]);
  });
});

describe("a browser app of another origin", () => {
  it("may read nothing, and is told so by the preflight", async () => {
    const answers = [
      await preflight(ingest, elsewhere),
      await ingest.request("/v1/policy", { headers: { origin: elsewhere } }),
    ];
    expect(answers.map(allowed)).toEqual([null, null]);
  });

  it("is every one unless origins are configured", async () => {
    const answers = [await preflight(closed, app), await closed.request("/v1/policy", { headers: { origin: app } })];
    expect(answers.map(allowed)).toEqual([null, null]);
  });
});

describe("an origin", () => {
  it.each<[string, boolean]>([
    ["https://app.example", true],
    ["http://localhost:5173", true],
    ["https://app.example/", false],
    ["https://app.example:443", false],
    ["https://*.example", false],
    ["*", false],
    ["null", false],
    ["app.example", false],
  ])("%s is one: %s", (text, expected) => {
    expect(isOrigin(text)).toBe(expected);
  });
});
