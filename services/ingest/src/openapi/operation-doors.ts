import { PROBLEMS_PATH } from "@cloister/service";
import { z } from "zod";

import type { Door } from "./door.ts";
import { DOCUMENT_PATH, PAGE_PATH } from "./paths.ts";

const live = z.strictObject({ live: z.boolean() });
const ready = z.strictObject({ ready: z.boolean() });
const json = (schema: z.ZodType) => ({ mediaType: "application/json", schema }) as const;
const html = { mediaType: "text/html", description: "A page that needs no script and no other server" };

const open = { method: "get", tag: "Operation", scope: undefined, refusals: [] } as const;

export const operationDoors: readonly Door[] = [
  {
    ...open,
    path: "/healthz/live",
    operationId: "isLive",
    summary: "Is the process alive?",
    answers: [
      { status: 200, description: "It turns and nothing is fatal", body: json(live) },
      { status: 503, description: "It should be replaced", body: json(live) },
    ],
  },
  {
    ...open,
    path: "/healthz/ready",
    operationId: "isReady",
    summary: "Should it be sent requests?",
    answers: [
      { status: 200, description: "Started, joined and not draining", body: json(ready) },
      { status: 503, description: "Not yet, or not any more", body: json(ready) },
    ],
  },
  {
    ...open,
    path: DOCUMENT_PATH,
    operationId: "apiDocument",
    summary: "This document",
    answers: [{ status: 200, description: "OpenAPI 3.1", body: json(z.looseObject({ openapi: z.string() })) }],
  },
  {
    ...open,
    path: PAGE_PATH,
    operationId: "apiPage",
    summary: "This document as a page",
    answers: [{ status: 200, description: "The page", body: html }],
  },
  {
    ...open,
    path: PROBLEMS_PATH,
    operationId: "errorsPage",
    summary: "What each code of a refusal means, and what to do",
    answers: [{ status: 200, description: "The page", body: html }],
  },
];
