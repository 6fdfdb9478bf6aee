import { z } from "zod";
import { CliError, Refusal } from "../cli-error.ts";
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
  return call(door, "GET", "/v1/retention/status", status);
}

/** Ends what is due now; resolves when that is done. @throws CliError as `readStatus` */
export async function runPurge(door: Door): Promise<readonly Purge[]> {
  return (await call(door, "POST", "/v1/retention/run", run)).purges;
}

async function call<T>({ url, token }: Door, method: string, path: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${token}` },
    redirect: "error",
  }).catch(() => {
    throw new CliError(
      "SERVICE_UNREACHABLE",
      `Retention doesn't answer at ${url}: is it running, and is that its address?`,
    );
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(response.status, body);
  const answer = schema.safeParse(body);
  if (!answer.success)
    throw new CliError("ANSWER_MALFORMED", `What answers at ${url} is not retention of this version.`);
  return answer.data;
}

const problem = z.object({ code: z.string().regex(/^[A-Z0-9_]{2,64}$/), detail: z.string() });

function refusal(httpStatus: number, body: unknown): CliError | Refusal {
  const read = problem.safeParse(body);
  if (!read.success) return new CliError("ANSWER_MALFORMED", `Retention answered ${httpStatus} without a reason.`);
  return new Refusal(read.data.code, read.data.detail);
}
