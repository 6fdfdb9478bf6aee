import type { NestFastifyApplication } from "@nestjs/platform-fastify";

import { openApiDocument } from "./document.ts";
import { apiPage } from "./page.ts";
import { DOCUMENT_PATH, PAGE_PATH } from "./paths.ts";

/** `/openapi.json` and `/docs`, for everybody. Both are written once. */
export function openApiRoutes(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  const document = JSON.stringify(openApiDocument());
  const page = apiPage();
  server.get(DOCUMENT_PATH, async (_request, reply) => {
    await reply.header("content-type", "application/json; charset=utf-8").send(document);
  });
  server.get(PAGE_PATH, async (_request, reply) => {
    await reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
      .send(page);
  });
}

/** Writes down each route as it is made, from here on. */
export function recordRoutes(app: NestFastifyApplication, routes: string[]): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onRoute", ({ method, url }) => {
      for (const one of [method].flat()) routes.push(`${one} ${url}`);
    });
}
