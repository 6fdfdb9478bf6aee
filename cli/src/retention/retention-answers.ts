import { z } from "zod";
import { callDoor } from "../call-door.ts";
import type { Door } from "../connection.ts";

// What is printed as it came is held to its form: whoever answers may be anybody, and a terminal obeys control characters.
const name = z.string().regex(/^[\w.:-]{1,100}$/u);
const ms = z.number();
const dropped = z.object({ table: name, partitions: z.number(), rows: z.number() });
const job = z.object({
  id: name,
  state: name,
  dueAtMs: ms,
  startedAtMs: ms,
  updatedAtMs: ms,
  keys: z.array(z.object({ tenantIdHex: name, purpose: name, bucketEndMs: ms })),
  dropped: z.array(dropped),
});
const store = z.object({
  table: name,
  buckets: z.number(),
  due: z.number(),
  nextEndMs: ms.nullable(),
  lastEndMs: ms.nullable(),
});
const receipt = z.object({
  jobId: name,
  tenantIdHex: z.string().regex(/^[0-9a-f]{32}$/),
  issuedAtMs: ms,
  note: z.string(),
});
const status = z.object({
  nowMs: ms,
  keysDue: z.number(),
  stores: z.array(store),
  purges: z.array(job),
  receipts: z.array(receipt),
});
const run = z.object({ purges: z.array(job) });

export type RetentionStatus = z.output<typeof status>;
export type Purge = z.output<typeof job>;
export type SignedReceipt = z.output<typeof receipt>;

/** @throws CliError SERVICE_UNREACHABLE, ANSWER_MALFORMED; Refusal */
export function readStatus(door: Door): Promise<RetentionStatus> {
  return callDoor(door, "Retention", { method: "GET", path: "/v1/retention/status" }, status);
}

/** Ends what is due now; resolves when that is done. @throws CliError as `readStatus` */
export async function runPurge(door: Door): Promise<readonly Purge[]> {
  return (await callDoor(door, "Retention", { method: "POST", path: "/v1/retention/run" }, run)).purges;
}
