import { fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { z } from "zod";
import { CliError, Refusal } from "./cli-error.ts";
import type { Door } from "./connection.ts";
import { printable } from "./terminal.ts";

const problem = z.object({ code: z.string().regex(/^[A-Z0-9_]{2,64}$/), detail: z.string() });

/**
 * One POST of a door of ingest that takes and gives a serialized message.
 * @throws CliError SERVICE_UNREACHABLE, ANSWER_MALFORMED; Refusal with the service's own code
 */
export async function callProtobuf<Asked extends DescMessage, Answered extends DescMessage>(
  { url, token }: Door,
  { path, tenantIdHex }: { readonly path: string; readonly tenantIdHex: string },
  [askedSchema, message]: readonly [Asked, MessageShape<Asked>],
  answerSchema: Answered,
): Promise<MessageShape<Answered>> {
  const response = await fetch(new URL(path, url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/protobuf",
      "cloister-tenant": tenantIdHex,
    },
    redirect: "error",
    body: Buffer.from(toBinary(askedSchema, message)),
  }).catch(() => {
    throw new CliError(
      "SERVICE_UNREACHABLE",
      `Ingest doesn't answer at ${url}: is it running, and is that its address?`,
    );
  });
  if (!response.ok) throw refusal(response.status, await response.json().catch(() => undefined));
  try {
    return fromBinary(answerSchema, new Uint8Array(await response.arrayBuffer()));
  } catch {
    throw new CliError("ANSWER_MALFORMED", `What answers at ${url} is not ingest of this version.`);
  }
}

function refusal(httpStatus: number, body: unknown): CliError | Refusal {
  const read = problem.safeParse(body);
  if (!read.success) return new CliError("ANSWER_MALFORMED", `Ingest answered ${httpStatus} without a reason.`);
  return new Refusal(read.data.code, printable(read.data.detail.slice(0, 1_000)));
}
