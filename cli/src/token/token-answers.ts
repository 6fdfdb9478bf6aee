import { z } from "zod";
import { callDoor } from "../call-door.ts";
import type { Door } from "../connection.ts";

// What is printed as it came is held to its form: whoever answers may be anybody, and a terminal obeys control characters.
const hex16 = z.string().regex(/^[0-9a-f]{32}$/u);
const record = z.object({
  id: hex16,
  tenantIdHex: hex16.nullable(),
  scopes: z.array(z.string().regex(/^[a-z:_-]{1,64}$/u)),
  label: z.string(),
  createdAtMs: z.number(),
  createdBy: hex16.nullable(),
  expiresAtMs: z.number(),
  lastUsedAtMs: z.number().nullable(),
  revokedAtMs: z.number().nullable(),
});
const made = record.extend({ token: z.string().regex(/^[\u0021-\u007e]+$/u) });
const page = z.object({ tokens: z.array(record), nextAfter: z.string().nullable() });

export type TokenRecord = z.output<typeof record>;
export type MadeToken = z.output<typeof made>;

export interface TokenWish {
  readonly label: string;
  readonly scopes: readonly string[];
  /** Null: every tenant. Absent: the one of the token that makes it. */
  readonly tenantIdHex?: string | null;
  readonly expiresAtMs?: number;
}

/** @throws CliError and Refusal, as `callDoor` */
export function makeToken(door: Door, wish: TokenWish): Promise<MadeToken> {
  return callDoor(door, "Ingest", { method: "POST", path: "/v1/tokens", body: wish }, made);
}

/** The newest first, page by page. @throws CliError and Refusal, as `callDoor` */
export async function* listTokens(door: Door, tenantIdHex?: string): AsyncGenerator<TokenRecord, void, void> {
  for (let after: string | null = ""; after !== null;) {
    const path: string = after === "" ? "/v1/tokens" : `/v1/tokens?after=${encodeURIComponent(after)}`;
    const answer: z.output<typeof page> = await callDoor(
      door,
      "Ingest",
      { method: "GET", path, ...(tenantIdHex !== undefined && { tenantIdHex }) },
      page,
    );
    yield* answer.tokens;
    after = answer.nextAfter;
  }
}

/** @throws CliError and Refusal, as `callDoor` */
export async function revokeToken(door: Door, id: string): Promise<void> {
  await callDoor(door, "Ingest", { method: "DELETE", path: `/v1/tokens/${encodeURIComponent(id)}` }, z.null());
}
