import { z } from "zod";
import { callDoor } from "../call-door.ts";
import type { Door } from "../connection.ts";

const record = z.object({
  id: z.string(),
  tenantIdHex: z.string().nullable(),
  scopes: z.array(z.string()),
  label: z.string(),
  createdAtMs: z.number(),
  createdBy: z.string().nullable(),
  expiresAtMs: z.number(),
  lastUsedAtMs: z.number().nullable(),
  revokedAtMs: z.number().nullable(),
});
const made = record.extend({ token: z.string().min(1) });
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
