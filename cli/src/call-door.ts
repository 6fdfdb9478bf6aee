import { z } from "zod";
import { CliError, Refusal } from "./cli-error.ts";
import type { Door } from "./connection.ts";
import { printable } from "./terminal.ts";

export interface DoorCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** The tenant that it is for; absent: that of the token, or all. */
  readonly tenantIdHex?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/**
 * One call of a door that answers JSON; 204 reads as null.
 * @param service as people call it, such as `Retention`
 * @throws CliError SERVICE_UNREACHABLE, ANSWER_MALFORMED; Refusal with the service's own code
 */
export async function callDoor<T>(
  { url, token }: Door,
  service: string,
  { method, path, tenantIdHex, body }: DoorCall,
  schema: z.ZodType<T>,
): Promise<T> {
  const hasBody = body !== undefined;
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(tenantIdHex !== undefined && { "cloister-tenant": tenantIdHex }),
      ...(hasBody && { "content-type": "application/json" }),
    },
    redirect: "error",
    ...(hasBody && { body: JSON.stringify(body) }),
  }).catch(() => {
    const sentence = `${service} doesn't answer at ${url}: is it running, and is that its address?`;
    throw new CliError("SERVICE_UNREACHABLE", sentence);
  });
  const read: unknown = response.status === 204 ? null : await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(service, response.status, read);
  const answer = schema.safeParse(read);
  if (answer.success) return answer.data;
  throw new CliError("ANSWER_MALFORMED", `What answers at ${url} is not ${service.toLowerCase()} of this version.`);
}

const problem = z.object({ code: z.string().regex(/^[A-Z0-9_]{2,64}$/), detail: z.string() });

function refusal(service: string, httpStatus: number, body: unknown): CliError | Refusal {
  const read = problem.safeParse(body);
  if (!read.success) return new CliError("ANSWER_MALFORMED", `${service} answered ${httpStatus} without a reason.`);
  return new Refusal(read.data.code, printable(read.data.detail.slice(0, 1_000)));
}
