import { z } from "zod";
import { callDoor } from "../call-door.ts";
import type { Door } from "../connection.ts";

const ms = z.number();
const dropped = z.object({ table: z.string(), partitions: z.number(), rows: z.number() });
const job = z.object({
  id: z.string(),
  state: z.string(),
  dueAtMs: ms,
  startedAtMs: ms,
  updatedAtMs: ms,
  keys: z.array(z.object({ tenantIdHex: z.string(), purpose: z.string(), bucketEndMs: ms })),
  dropped: z.array(dropped),
});
const store = z.object({
  table: z.string(),
  buckets: z.number(),
  due: z.number(),
  nextEndMs: ms.nullable(),
  lastEndMs: ms.nullable(),
});
const receipt = z.object({
  jobId: z.string(),
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
