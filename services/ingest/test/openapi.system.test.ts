import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { doors } from "../src/openapi/doors.ts";
import { openApiDocument } from "../src/openapi/document.ts";
import { IngestUnderTest } from "./running-ingest.ts";

let ingest: IngestUnderTest;
beforeAll(async () => {
  ingest = await IngestUnderTest.start();
}, 60_000);
afterAll(() => ingest.stop(), 30_000);

describe("the API document", () => {
  it("has each route that the server was given, and no other", () => {
    const documented = doors.map(
      ({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/gu, ":$1")}`,
    );
    const routes = ingest.service.routes.filter((route) => !/^(?:HEAD|OPTIONS) /u.test(route));
    expect(documented.toSorted()).toEqual(routes.toSorted());
  });

  it("refers to nothing that it doesn't hold", () => {
    const document = JSON.stringify(openApiDocument());
    expect([...new Set(document.match(/"\$(?:ref|defs)":"?[^",]*/gu))]).toEqual([
      '"$ref":"#/components/schemas/Problem',
    ]);
  });

  it("is served as it is made, to everybody", async () => {
    const response = await fetch(new URL("/openapi.json", ingest.baseUrl));
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it("is a page that loads nothing", async () => {
    const response = await fetch(new URL("/docs", ingest.baseUrl));
    const page = await response.text();
    expect(page.match(/<script|<link|<img|https?:\/\//gu)).toBeNull();
    for (const { operationId } of doors) expect(page).toContain(`<h3 id="${operationId}">`);
  });
});
