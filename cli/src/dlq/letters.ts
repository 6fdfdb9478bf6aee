import { z } from "zod";
import { callDoor } from "../call-door.ts";
import { CliError } from "../cli-error.ts";
import type { Door } from "../connection.ts";

const ms = z.number();
// What is printed as it came is held to its form: whoever answers may be anybody, and a terminal obeys control characters.
const hex = z.string().regex(/^[0-9a-f]{32}$/u);
const name = z.string().regex(/^[\w.-]{1,100}$/u);
const letter = z.object({
  id: name,
  service: name,
  topic: name,
  code: z.string().regex(/^[A-Z0-9_]{2,64}$/u),
  retryable: z.boolean(),
  atMs: ms,
  keptUntilMs: ms,
  bytes: z.number(),
  tenantId: hex.nullable(),
  conversationId: hex.nullable(),
  messageId: hex.nullable(),
});
const envelope = z.object({
  suite: z.number(),
  stage: z.number(),
  contentType: z.number(),
  tenantId: hex,
  conversationId: hex,
  messageId: hex,
  causeId: hex.nullable(),
  attempt: z.number(),
  senderSeq: z.string().regex(/^\d{1,20}$/u),
  createdAtMs: ms,
  expiresAtMs: ms,
  policyVersion: z.number(),
  recipients: z.number(),
});
const page = z.object({ letters: z.array(letter), total: z.number(), next: z.string().nullable() });
const shown = letter.extend({ envelope: envelope.nullable() });
const result = z.object({ done: z.array(name), missing: z.array(name) });

export type Letter = z.output<typeof letter>;
export type ShownLetter = z.output<typeof shown>;
export type OrderResult = z.output<typeof result>;

/** Which letters; what is missing is any. */
export interface Choice {
  readonly service?: string;
  readonly tenantIdHex?: string;
  readonly code?: string;
  /** Dead at this time or before. */
  readonly untilMs?: number;
}

const path = "/v1/operations/dead-letters";
const PAGE = 500;
const CHUNK = 100;

/** The letters of every door, at most `limit`, and how many there are. @throws CliError, Refusal as `callDoor` */
export async function listLetters(
  doors: readonly Door[],
  choice: Choice,
  limit: number,
): Promise<{ readonly letters: readonly Letter[]; readonly total: number }> {
  const letters: Letter[] = [];
  let total = 0;
  for (const door of doors) {
    let after: string | null = null;
    do {
      const size = Math.min(PAGE, Math.max(1, limit - letters.length));
      const answer: z.output<typeof page> = await call(door, "GET", `${path}?${queryOf(choice, size, after)}`, page);
      if (after === null) total += answer.total;
      letters.push(...answer.letters);
      after = answer.next;
    } while (after !== null && letters.length < limit);
  }
  return { letters: letters.slice(0, limit), total };
}

/** @throws CliError DEAD_LETTER_UNKNOWN when no door has it */
export async function showLetter(doors: readonly Door[], id: string): Promise<ShownLetter> {
  const [door, letter] = await find(doors, id);
  return letter ?? call(door, "GET", `${path}/${encodeURIComponent(id)}`, shown);
}

/** Has letters produced again or dropped, each at the door that has it. */
export async function order(
  doors: readonly Door[],
  verb: "redrive" | "drop",
  ids: readonly string[],
): Promise<OrderResult> {
  const done: string[] = [];
  let left = ids;
  for (const door of doors) {
    const missing: string[] = [];
    for (let from = 0; from < left.length; from += CHUNK) {
      const body = { ids: left.slice(from, from + CHUNK) };
      const answer = await callDoor(door, "Operations", { method: "POST", path: `${path}/${verb}`, body }, result);
      done.push(...answer.done);
      missing.push(...answer.missing);
    }
    left = missing;
  }
  return { done, missing: [...left] };
}

async function find(doors: readonly Door[], id: string): Promise<readonly [Door, ShownLetter | undefined]> {
  const [first, ...others] = doors;
  if (first === undefined) throw new CliError("ACCESS_MISSING", "No operations door is named.");
  for (const door of others) {
    const letter = await call(door, "GET", `${path}/${encodeURIComponent(id)}`, shown).catch(() => undefined);
    if (letter !== undefined) return [door, letter];
  }
  return [first, undefined];
}

function queryOf({ service, tenantIdHex, code, untilMs }: Choice, limit: number, after: string | null): string {
  return new URLSearchParams({
    limit: String(limit),
    ...(service !== undefined && { service }),
    ...(tenantIdHex !== undefined && { tenant: tenantIdHex }),
    ...(code !== undefined && { code }),
    ...(untilMs !== undefined && { untilMs: String(untilMs) }),
    ...(after !== null && { after }),
  }).toString();
}

function call<T>(door: Door, method: "GET", at: string, schema: z.ZodType<T>): Promise<T> {
  return callDoor(door, "Operations", { method, path: at }, schema);
}
