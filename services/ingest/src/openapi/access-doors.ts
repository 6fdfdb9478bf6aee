import { z } from "zod";

import { scopes } from "../access/scopes.ts";
import type { TokenPage, TokenRecord } from "../access/token-store.ts";
import { pageRequest, tokenRequest } from "../access/tokens.controller.ts";
import type { Door } from "./door.ts";
import { tenantHeader, tokenIdInPath } from "./parameters.ts";

const id = z.string().regex(/^[0-9a-f]{32}$/u);
const timeMs = z.int().nonnegative();

const record = z.strictObject({
  id,
  tenantIdHex: id.nullable().describe("Null: every tenant of this deployment"),
  scopes: z.array(z.enum(scopes)),
  label: z.string(),
  createdAtMs: timeMs,
  createdBy: id.nullable().describe("The token that made it; null for a start's token and for a login elsewhere"),
  expiresAtMs: timeMs,
  lastUsedAtMs: timeMs.nullable().describe("To the minute"),
  revokedAtMs: timeMs.nullable(),
}) satisfies z.ZodType<TokenRecord>;

const newToken = record.extend({ token: z.string().describe("Shown this once, and kept nowhere") });
const tokenPage = z.strictObject({
  tokens: z.array(record),
  nextAfter: id.nullable().describe("Null when there is no more"),
}) satisfies z.ZodType<TokenPage>;

export const accessDoors: readonly Door[] = [
  {
    method: "post",
    path: "/v1/tokens",
    operationId: "createToken",
    tag: "Access",
    summary: "Make an access token",
    description: "Nobody gives more than they have. Tokens give transport, never readership.",
    scope: "tokens:manage",
    parameters: [tenantHeader],
    body: { mediaType: "application/json", schema: tokenRequest },
    answers: [{ status: 201, description: "The token", body: { mediaType: "application/json", schema: newToken } }],
    refusals: ["TOKEN_LIMIT"],
  },
  {
    method: "get",
    path: "/v1/tokens",
    operationId: "listTokens",
    tag: "Access",
    summary: "List access tokens, the newest first",
    scope: "tokens:manage",
    parameters: [
      tenantHeader,
      { name: "after", in: "query", description: "The `nextAfter` of a page", schema: pageRequest.shape.after },
      { name: "limit", in: "query", description: "Most tokens of a page", schema: pageRequest.shape.limit },
    ],
    answers: [{ status: 200, description: "A page", body: { mediaType: "application/json", schema: tokenPage } }],
    refusals: [],
  },
  {
    method: "delete",
    path: "/v1/tokens/{id}",
    operationId: "revokeToken",
    tag: "Access",
    summary: "Revoke an access token",
    description: "Again is fine. Another tenant's token is none.",
    scope: "tokens:manage",
    parameters: [tokenIdInPath, tenantHeader],
    answers: [{ status: 204, description: "It is good for nothing any more" }],
    refusals: ["TOKEN_NOT_FOUND"],
  },
];
